/** An app whose plan is refused, run by refused-synth.test.ts as cdktf's command line runs apps. */
import { App, TerraformStack } from 'cdktf';
import { DataplaneHost, NicBinding } from '../../constructs';

const app = new App();
const stack = new TerraformStack(app, 'refused');
const host = new DataplaneHost(stack, 'east');
new NicBinding(host, 'uplink', { nic: '0000:3b:0x.0' });
if (process.argv[2] === 'broken') throw new TypeError('a fault of the app itself');
app.synth();
