import { agentIsCurrent, buildAgent } from '../scripts/agent';

/** Artifacts carry the agent: tests must see it as its sources are now, also when jest is run by hand. */
export default async function globalSetup(): Promise<void> {
  if (!agentIsCurrent()) await buildAgent();
}
