import { App } from 'cdktf';
import { CompanyNetwork } from './company-network';

const app = new App();
new CompanyNetwork(app, 'company-network');
app.synth();
