// Seals and signs one notification with wechatpay-axios-plugin; called by official_sdks.py.
const { Aes: { AesGcm }, Formatter, Rsa } = require('wechatpay-axios-plugin');

const asked = JSON.parse(require('node:fs').readFileSync(0, 'utf8'));
const sealing = { nonce: 'sdkMade00888', associated_data: 'transaction' };
const body = JSON.stringify({
  id: 'EV-2026030110000500888',
  create_time: '2026-03-01T10:00:05+08:00',
  resource_type: 'encrypt-resource',
  event_type: asked.event_type,
  summary: '支付成功',
  resource: {
    ...sealing,
    algorithm: 'AEAD_AES_256_GCM',
    ciphertext: AesGcm.encrypt(asked.plain, asked.secret, sealing.nonce, sealing.associated_data),
  },
});
const text = Formatter.joinedByLineFeed(asked.timestamp, asked.nonce, body);
process.stdout.write(JSON.stringify({ body, signature: Rsa.sign(text, asked.private_key) }));
