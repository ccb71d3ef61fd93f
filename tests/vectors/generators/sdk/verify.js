// Has npm packages judge the cases of their providers; called by verified_by_node.py. Reads
// [{provider, key, at_ms, ...request}], writes
// [true | false | an error's name | null: not its business] in that order.
const crypto = require('node:crypto');
const fs = require('node:fs');

const RealDate = Date;
let now = 0;
// The SDKs read the clock; a case says when it was received.
globalThis.Date = class extends RealDate {
  constructor(...given) {
    super(...(given.length ? given : [now]));
  }

  static now() {
    return now;
  }
};

const fields = (text) => Object.fromEntries(new URLSearchParams(text));

const verifiers = {
  razorpay: ({ text, headers, key }) => require('razorpay')
    .validateWebhookSignature(text, headers['x-razorpay-signature'], key),
  gocardless: ({ body, headers, key }) => {
    require('gocardless-nodejs/webhooks').verifySignature(body, key, headers['webhook-signature']);
    return true;
  },
  cashfree: ({ text, headers, key }) => {
    const { Cashfree, CFEnvironment } = require('cashfree-pg');
    const client = new Cashfree(CFEnvironment.SANDBOX, 'id', key);
    const stamp = headers['x-webhook-timestamp'];
    return Boolean(client.PGVerifyWebhookSignature(headers['x-webhook-signature'], text, stamp));
  },
  mercadopago: ({ query, headers, key }) => {
    require('mercadopago').WebhookSignatureValidator.validate({
      xSignature: headers['x-signature'],
      xRequestId: headers['x-request-id'],
      dataId: new URLSearchParams(query).get('data.id'),
      secret: key,
    });
    return true;
  },
  'apple-app-store': async ({ text, settings, mode, key }) => {
    const { SignedDataVerifier, Environment } = require('@apple/app-store-server-library');
    const where = mode === 'live' ? Environment.PRODUCTION : Environment.SANDBOX;
    const apple = new SignedDataVerifier(
      [Buffer.from(key)], false, where, settings.bundle_id, Number(settings.app_apple_id || 1),
    );
    const told = await apple.verifyAndDecodeNotification(JSON.parse(text).signedPayload);
    const inner = told.data && told.data.signedTransactionInfo;
    if (inner) await apple.verifyAndDecodeTransaction(inner);
    return true;
  },
  truelayer: ({ text, headers, settings, key }) => {
    const url = new URL(settings.notification_url);
    require('truelayer-signing').verify({
      jwks: JSON.stringify({ keys: [JSON.parse(key)] }),
      signature: headers['tl-signature'],
      method: 'POST',
      path: url.pathname + url.search,
      body: text,
      headers,
      requiredHeaders: ['X-TL-Webhook-Timestamp'],
    });
    return true;
  },
  stripe: ({ text, headers, key }) => Boolean(require('stripe').webhooks.signature.verifyHeader(
    text, headers['stripe-signature'], key, 300, undefined, now,
  )),
  square: ({ text, headers, settings, key }) => require('square').WebhooksHelper.verifySignature({
    requestBody: text,
    signatureHeader: headers['x-square-hmacsha256-signature'],
    signatureKey: key,
    notificationUrl: settings.notification_url,
  }),
  'coinbase-commerce': ({ text, headers, key }) => require('coinbase-commerce-node').Webhook
    .verifySigHeader(text, headers['x-cc-webhook-signature'], key),
  paddle: ({ text, headers, key }) => {
    const { Paddle } = require('@paddle/paddle-node-sdk');
    return new Paddle('key').webhooks.isSignatureValid(text, key, headers['paddle-signature']);
  },
  polar: ({ text, headers, settings, key }) => {
    const { Webhook } = require('standardwebhooks');
    const raw = settings.secret_encoding === 'raw';
    new Webhook(raw ? Buffer.from(key).toString('base64') : key).verify(text, headers);
    return true;
  },
  alipay: ({ text, query, settings, key }) => {
    if (/charset=gb/i.test(text)) return null; // It knows UTF-8 only.
    const { AlipaySdk } = require('alipay-sdk');
    const bare = `-----BEGIN PUBLIC KEY-----\n${key}\n-----END PUBLIC KEY-----`;
    const pem = crypto.createPublicKey(key.startsWith('-----') ? key : bare);
    const checks = Object.create(AlipaySdk.prototype, { config: { value: { alipayPublicKey: pem } } });
    const told = fields(text || query);
    // The account says which hash it accepts; the field is not signed.
    return checks.checkNotifySignV2({ ...told, sign_type: settings.sign_type });
  },
  'payu-india': ({ text, settings, key }) => {
    const Payu = require('payu-websdk');
    const told = text.startsWith('{') ? JSON.parse(text) : fields(text);
    // What it does with shares of a payment is a setting of its own.
    return [true, false].some((useSplitHash) => new Payu(
      { key: settings.key, salt: key }, 'TEST', { useSplitHash },
    ).hasher.validateResponseHash(told));
  },
  paytm: ({ text, key }) => {
    const told = fields(text);
    return require('paytmchecksum').verifySignature(told, key, told.CHECKSUMHASH);
  },
  phonepe: ({ headers, settings, key }) => {
    if (settings.api !== 'v2') return null; // The older one is in no SDK for Node.
    // What `validateCallback` asks first; its next step fails with today's class-transformer.
    const { CommonUtils } = require('pg-sdk-node/dist/common/CommonUtils.js');
    return CommonUtils.isCallbackValid(settings.webhook_username, key, headers.authorization);
  },
  midtrans: ({ text, headers, settings, key }) => {
    if (settings.api !== 'snap-bi') return null; // The other form is in no SDK.
    // It signs what it writes anew, so that it cannot judge a body with blanks.
    if (JSON.stringify(JSON.parse(text)) !== text) return null;
    const { SnapBi, SnapBiConfig } = require('midtrans-client');
    SnapBiConfig.snapBiPublicKey = key;
    return SnapBi.notification()
      .withNotificationPayload(JSON.parse(text))
      .withNotificationUrlPath(new URL(settings.notification_url).pathname)
      .withSignature(headers['x-signature'])
      .withTimeStamp(headers['x-timestamp'])
      .isWebhookNotificationVerified();
  },
};

async function judge(asked) {
  now = asked.at_ms;
  const body = Buffer.from(asked.body, 'base64');
  try {
    return await verifiers[asked.provider]({ ...asked, body, text: body.toString() });
  } catch (error) {
    return error.constructor.name || 'Error';
  }
}

async function main() {
  console.log = () => {}; // One of them prints what it cannot open.
  const found = [];
  for (const asked of JSON.parse(fs.readFileSync(0, 'utf8'))) found.push(await judge(asked));
  process.stdout.write(JSON.stringify(found));
}

main();
