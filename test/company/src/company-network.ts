import { TerraformStack } from 'cdktf';
import { type Construct } from 'constructs';
import { Deployment, Reboot, Rollout, Srv6Tunnel } from 'cdktf-dataplane';
import { EdgeSite } from './edge-site';

/** The company's two sites and the line between them. */
export class CompanyNetwork extends TerraformStack {
  constructor(scope: Construct, id: string) {
    super(scope, id);
    Deployment.of(this).configure({ reboot: Reboot.never(), rollout: Rollout.oneByOne() });
    const berlin = new EdgeSite(this, 'berlin', { number: 1, address: '192.0.2.1' });
    const porto = new EdgeSite(this, 'porto', { number: 2, address: '192.0.2.2' });
    new Srv6Tunnel(this, 'berlin-porto', { between: [berlin.tenants, porto.tenants] });
  }
}
