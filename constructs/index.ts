export { Acknowledge } from './acknowledge';
export { BootParameters, type BootParametersProps } from './boot-parameters';
export { Connection, type SshConnectionProps, type SshDefaults } from './connection';
export {
  CpuIsolation,
  CpuPartition,
  type CpuPartitionAutoProps,
  type CpuPartitionProps,
} from './cpu-partition';
export { DataplaneHost, type DataplaneHostProps, type ManagementInterface } from './dataplane-host';
export { Deployment, type DeploymentProps } from './deployment';
export { OnDestroy, Reboot, Rollout } from './deployment-policy';
export { DpdkPort, type DpdkPortOptions, type DpdkPortProps } from './dpdk-port';
export {
  ErspanDirection,
  ErspanTunnel,
  type ErspanSessionOptions,
  type ErspanTunnelProps,
  type ErspanType2Options,
  type ErspanType3Options,
} from './erspan-tunnel';
export { GeneveTunnel, type GeneveTunnelOptions, type GeneveTunnelProps } from './geneve-tunnel';
export { GreTunnel, type GreOptions, type GreTunnelOptions, type GreTunnelProps } from './gre-tunnel';
export {
  GtpuTunnel,
  type GtpuTunnelOptions,
  type GtpuTunnelProps,
  type GtpuTunnelToProps,
} from './gtpu-tunnel';
export {
  HostClass,
  type HostClassProps,
  type HostDeviations,
  type HostOf,
  type HostOfClassProps,
  type HostPropsOf,
} from './host-class';
export { HostOfClass } from './host-of-class';
export { HostPart } from './host-part';
export { HugepagePool, type HugepagePoolAutoProps, type HugepagePoolProps } from './hugepage-pool';
export { Iommu, IommuVendor, type IommuProps } from './iommu';
export { Ip6GreTunnel, type Ip6GreTunnelProps } from './ip6gre-tunnel';
export { NicBinding, NicDriver, type NicBindingProps } from './nic-binding';
export {
  NicRole,
  type NicChoice,
  type NicChosenBy,
  type NicRoleProps,
  type NicRoles,
  type NicsOfHost,
  type RolesPerHost,
} from './nic-role';
export { OpenVSwitch, type OpenVSwitchProps } from './open-vswitch';
export { OvsBridge, type OvsBridgeOptions, type OvsBridgeProps } from './ovs-bridge';
export {
  Srv6Tunnel,
  type Srv6TunnelBetweenProps,
  type Srv6TunnelProps,
  type Srv6TunnelToProps,
} from './srv6-tunnel';
export {
  Tunnel,
  TunnelPayload,
  type TunnelBetweenProps,
  type TunnelIpVersionProps,
  type TunnelOuterProps,
  type TunnelToProps,
} from './tunnel';
export { VxlanTunnel, type VxlanTunnelOptions, type VxlanTunnelProps } from './vxlan-tunnel';

export { type Cpu, type CpuCore, type CpuVendor } from '../src/hardware/cpus';
export {
  HardwareProfile,
  type BootLoader,
  type Distribution,
  type Firmware,
  type IommuKind,
} from '../src/hardware/hardware-profile';
export { type IommuGroup, type Nic, type NicInterface, type Sriov } from '../src/hardware/nic';
export { NicSelector, type NicLike } from '../src/hardware/nic-selector';
export { type HugepageCount, type NumaNode } from '../src/hardware/numa-node';
export { ProfileError, type ProfileFinding } from '../src/hardware/profile-error';
export { type NamedText, type ReadOptions } from '../src/hardware/read-profile';
export { isKnown, UNKNOWN, type OrUnknown, type Unknown } from '../src/hardware/unknown';
export { Platform } from '../src/platforms/platform';
export {
  UserDataPlatform,
  type UserDataForm,
  type UserDataPlatformFacts,
} from '../src/platforms/user-data-platform';
export { type Finding, type Severity } from '../src/rules';
export { CpuSet } from '../src/values/cpu-set';
export { IpAddress, InterfaceAddress } from '../src/values/ip-address';
export { MacAddress } from '../src/values/mac-address';
export { PageSize } from '../src/values/page-size';
export { PciAddress, PciDeviceId } from '../src/values/pci-address';
export { SegmentList } from '../src/values/segment-list';
export { ValueError } from '../src/values/value-error';
