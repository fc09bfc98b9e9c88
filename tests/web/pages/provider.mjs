// A certified OpenID Connect provider (npm oidc-provider) with its own sign-in pages, for one client and three people.
// Arguments: where its package is installed, its port, the client's redirect address.
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const [folder, port, redirect] = process.argv.slice(2);
const found = createRequire(`${folder}/package.json`).resolve('oidc-provider');
const { default: Provider } = await import(pathToFileURL(found));
const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [{ client_id: 'governance', client_secret: 'a-secret-of-the-test', redirect_uris: [redirect] }],
  claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'] },
  conformIdTokenClaims: false,
  cookies: { keys: ['only for a test'] },
  findAccount: (_, id) => ({
    accountId: id,
    claims: () => ({
      sub: id,
      email: `${id.replace('unverified.', '')}@example.org`,
      email_verified: !id.startsWith('unverified.'),
    }),
  }),
});
provider.listen(Number(port), '127.0.0.1', () => console.log('ready'));
