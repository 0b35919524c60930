// A certified OpenID provider for the tests of Drawbridge; no part of the product.
//
// It reads one line of JSON from standard input,
//
//   {"clients": [client metadata], "accounts": [{"id": "00u1", "claims": {"email": "…"}}]}
//
// chooses a loopback port (or takes PORT), and prints one line when it answers:
//
//   {"ready": true, "issuer": "http://127.0.0.1:43210"}
//
// It ends when standard input is closed, so it never outlives the test that started it.
//
// An account's id is its `sub`. The sign-in page is a form with the field `login` (an account's id) that posts
// to its own address; `cancel` instead of `login` answers access_denied. Consent is given without asking.
// PUT /test/clients and PUT /test/accounts take the same arrays again and replace what was there: a redirect
// URI is often known only after the issuer has been discovered.

import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { createInterface } from 'node:readline';

import Provider from 'oidc-provider';

import { adapterFactory } from './adapter.mjs';

const bodyLimit = 1 << 20;
const standardClaims = {
  openid: ['sub'],
  email: ['email', 'email_verified'],
  profile: ['name', 'given_name', 'family_name', 'middle_name', 'nickname', 'preferred_username', 'locale', 'zoneinfo', 'updated_at'],
  groups: ['groups'],
};

const clients = new Map();
const accounts = new Map();

function setClients(list) {
  clients.clear();
  for (const client of list ?? []) clients.set(client.client_id, client);
}

function setAccounts(list) {
  accounts.clear();
  for (const { id, claims } of list ?? []) accounts.set(id, claims ?? {});
}

// Claims that no scope names are given with `profile`, as providers with custom attributes do.
function claimsByScope() {
  const known = new Set(Object.values(standardClaims).flat());
  const custom = [...accounts.values()].flatMap(Object.keys).filter((name) => !known.has(name));
  return { ...standardClaims, profile: [...standardClaims.profile, ...new Set(custom)] };
}

function signingKeys() {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const kid = randomBytes(8).toString('hex');
  return { keys: [{ ...privateKey.export({ format: 'jwk' }), kid, alg: 'RS256', use: 'sig' }] };
}

// Whoever signed in has agreed to all that the client asks for.
async function grantEverything(ctx) {
  const { client, session, provider, params } = ctx.oidc;
  const grant = new provider.Grant({ clientId: client.clientId, accountId: session.accountId });
  grant.addOIDCScope(params.scope);
  await grant.save();
  return grant;
}

function configuration() {
  return {
    adapter: adapterFactory(clients),
    claims: claimsByScope(),
    // Profile claims stand in the ID token of the code flow too, as with Okta.
    conformIdTokenClaims: false,
    cookies: { keys: [randomBytes(32).toString('hex')] },
    features: {
      devInteractions: { enabled: false },
      rpInitiatedLogout: {
        enabled: true,
        logoutSource(ctx, form) {
          ctx.body = page('Sign out', `${form}<button form="op.logoutForm" name="logout" value="yes">Sign out</button>`);
        },
        postLogoutSuccessSource(ctx) {
          ctx.body = page('Signed out', '<p>Signed out.</p>');
        },
      },
    },
    // The provider's own fetch refuses loopback addresses, and loopback is all there is in a test.
    fetch(url, options) {
      const { dispatcher, ...rest } = options;
      return fetch(url, rest);
    },
    async findAccount(ctx, id) {
      const claims = accounts.get(id);
      return claims && { accountId: id, claims: async () => ({ ...claims, sub: id }) };
    },
    interactions: { url: (ctx, interaction) => `/interaction/${interaction.uid}` },
    jwks: signingKeys(),
    loadExistingGrant: grantEverything,
    pkce: { required: () => true },
    renderError(ctx, out) {
      ctx.type = 'json';
      ctx.body = out;
    },
    scopes: ['openid', 'profile', 'email', 'groups', 'offline_access'],
    ttl: { AccessToken: 3600, AuthorizationCode: 60, Grant: 86400, IdToken: 3600, Interaction: 600, Session: 86400 },
  };
}

function escape(text) {
  return String(text).replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
}

function page(title, body) {
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>${title}</title><h1>${title}</h1>${body}</html>\n`;
}

function loginPage(hint) {
  const people = [...accounts].map(([id, { email }]) => {
    const label = `${escape(id)} ${escape(email ?? '')}${hint && hint === email ? ' (hinted)' : ''}`;
    return `<li><button name="login" value="${escape(id)}">${label}</button></li>`;
  });
  return page('Sign in', `<form method="post"><ul>${people.join('')}</ul><button name="cancel" value="1">Cancel</button></form>`);
}

async function readBody(req) {
  const chunks = [];
  let size = 0;
  for await (const chunk of req) {
    size += chunk.length;
    if (size > bodyLimit) throw new Error('the body is too large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function answer(res, status, type, body) {
  res.writeHead(status, { 'content-type': `${type}; charset=utf-8`, 'cache-control': 'no-store' });
  res.end(body);
}

async function interact(provider, req, res) {
  const { params } = await provider.interactionDetails(req, res);
  if (req.method !== 'POST') {
    answer(res, 200, 'text/html', loginPage(params.login_hint));
    return;
  }
  const form = new URLSearchParams(await readBody(req));
  if (form.has('cancel')) {
    const refusal = { error: 'access_denied', error_description: 'the person cancelled' };
    await provider.interactionFinished(req, res, refusal, { mergeWithLastSubmission: false });
    return;
  }
  const accountId = form.get('login');
  if (!accounts.has(accountId)) {
    answer(res, 400, 'text/html', page('Unknown account', '<p>No account has this id.</p>'));
    return;
  }
  await provider.interactionFinished(req, res, { login: { accountId } }, { mergeWithLastSubmission: false });
}

async function replace(req, res, set) {
  set(JSON.parse(await readBody(req)));
  res.writeHead(204).end();
}

function route(provider) {
  const callback = provider.callback();
  return async (req, res) => {
    try {
      const { pathname } = new URL(req.url, provider.issuer);
      if (pathname.startsWith('/interaction/')) await interact(provider, req, res);
      else if (req.method === 'PUT' && pathname === '/test/clients') await replace(req, res, setClients);
      else if (req.method === 'PUT' && pathname === '/test/accounts') await replace(req, res, setAccounts);
      else callback(req, res);
    } catch (error) {
      console.error(error);
      if (!res.headersSent) answer(res, 400, 'text/plain', `${error.message}\n`);
    }
  };
}

const lines = createInterface({ input: process.stdin });
lines.on('close', () => process.exit(0));
const [first] = await once(lines, 'line');
const config = JSON.parse(first);
setClients(config.clients);
setAccounts(config.accounts);

const server = createServer();
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1');
await once(server, 'listening');
const issuer = `http://127.0.0.1:${server.address().port}`;
const provider = new Provider(issuer, configuration());
provider.on('server_error', (ctx, error) => console.error(error));
server.on('request', route(provider));
console.log(JSON.stringify({ ready: true, issuer }));
