// Signs one message with the npm package of its provider; called by by_node.py. Reads JSON, writes
// {signature, version}: packages are loaded only where they are asked for.
const fs = require('node:fs');
const path = require('node:path');
const { pathToFileURL } = require('node:url');

// Files beside the exports of a package are found by its folder.
function folder(name) {
  return process.env.NODE_PATH.split(path.delimiter)
    .map((each) => path.join(each, name))
    .find((each) => fs.existsSync(each));
}

const signers = {
  stripe: ({ body, key, at }) =>
    require('stripe').webhooks.generateTestHeaderString({ payload: body, secret: key, timestamp: at }),
  '@adyen/api-library': ({ item, key }) =>
    new (require('@adyen/api-library').hmacValidator)().calculateHmac(item, key),
  standardwebhooks: ({ id, at, body, key }) =>
    new (require('standardwebhooks').Webhook)(key).sign(id, new Date(at * 1000), body),
  square: ({ url, body, key }) =>
    require(path.join(folder('square'), 'core/crypto/createHmacOverride.js'))
      .createHmacOverride(url + body, key),
  '@shopify/shopify-api': async ({ body, key }) => {
    const file = path.join(folder('@shopify/shopify-api'), 'dist/esm/runtime/crypto/utils.mjs');
    return (await import(pathToFileURL(file))).createSHA256HMAC(key, body);
  },
  ecpay_aio_nodejs: ({ fields, key, iv, md5 }) => {
    const file = path.join(folder('ecpay_aio_nodejs'), 'lib/ecpay_payment/helper.js');
    const Helper = require(file);
    console.log = () => {}; // It prints what it signs.
    const profile = { MerchantID: fields.MerchantID, HashKey: key, HashIV: iv };
    return new Helper({ MercProfile: profile }).gen_chk_mac_value(fields, md5 ? 0 : 1);
  },
  paytmchecksum: ({ fields, key, salt }) => {
    const Checksum = require('paytmchecksum');
    Checksum.generateRandomString = async () => salt;
    return Checksum.generateSignature(fields, key);
  },
  'coinbase-commerce-node': ({ body, key }) =>
    require('coinbase-commerce-node').Webhook.computeSignature(body, key),
  '@paddle/paddle-node-sdk': async ({ body, key, at }) => {
    const file = 'dist/cjs/internal/providers/runtime-provider.js';
    require('@paddle/paddle-node-sdk').NodeRuntime.initialize();
    const { RuntimeProvider } = require(path.join(folder('@paddle/paddle-node-sdk'), file));
    return RuntimeProvider.getProvider().crypto.computeHmac(`${at}:${body}`, key);
  },
};

async function main() {
  const asked = JSON.parse(fs.readFileSync(0, 'utf8'));
  const about = path.join(folder(asked.package), 'package.json');
  const { version } = JSON.parse(fs.readFileSync(about, 'utf8'));
  const signature = asked.only_version ? null : await signers[asked.package](asked);
  process.stdout.write(JSON.stringify({ signature, version }));
}

main();
