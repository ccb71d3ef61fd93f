"""Where each provider is told our URL, and what else has to be chosen there.

`URL` stands for the account's callback address. What no document says and practice does is marked
`[memory]`, as in the providers' own files. Menus move: only names that requests carry as well, or
that a provider's documents use, are given.
"""

from typing import Final

ANYWHERE: Final = "Give URL to the provider as the address for notifications."
_DASHBOARD: Final = "Enter URL as a webhook address in the dashboard. [memory]"

CONSOLE: Final[dict[str, str]] = {
    "2c2p": "Send URL as `backendReturnUrl` of each payment token request.",
    "adapay": "Send URL as `notify_url` of each payment and refund call. [memory]",
    "adyen": "Add a webhook with URL, format JSON, and generate its HMAC key; standard "
    "notifications belong to a merchant account, platform webhooks to the balance platform.",
    "airwallex": "Enter URL as a webhook of the events payment_intent.*, payment_attempt.*, "
    "refund.* and payment_dispute.*; its secret is shown there. [memory]",
    "alipay": "Send URL as `notify_url` of each payment call; later refunds and closes of that "
    "trade come there too. Messages such as refund.depositback.completed are subscribed per "
    "application and go to its gateway: enter URL there.",
    "allinpay": "Send URL as `notify_url` of each payment and refund call.",
    "amazon-pay": "Enter URL as the merchant URL for instant notifications [memory]; the "
    "message that confirms the subscription arrives there first.",
    "antom": "Send URL as `paymentNotifyUrl` and `refundNotifyUrl` of each call, or enter it in "
    "the console; write the same text, path and query included, into `notification_url`.",
    "apple-app-store": "Enter URL for the app as its server notification address, version 2; "
    "the sandbox has an address of its own. [memory]",
    "authorize-net": "Create a webhook with URL and generate a signature key. [memory]",
    "bambora-epay": "Send URL as `callbackurl` of each payment, and set an MD5 key for the "
    "account: without one nothing is signed. [memory]",
    "barclays-epdq": "Enter URL as the address for direct HTTP feedback, by POST or GET, choose "
    "the hash and set a SHA-OUT passphrase: without one nothing is signed. [memory]",
    "binance-pay": "Enter URL as the webhook of the merchant account, for orders and refunds; "
    "fetch the certificate with the certificate query.",
    "braintree": "Enter URL as a webhook; it is asked at once with `bt_challenge`, so the "
    "ingress has to run. The public key and the private key of the API verify it.",
    "btcpay": "Create a webhook of the store with URL and a secret, with automatic redelivery on.",
    "cashfree": "Enter URL as the webhook of the application whose client secret the account "
    "holds. [memory]",
    "checkout": "Create a workflow with a webhook action to URL; its signature key is shown "
    "there.",
    "chinaums": "Send URL as `notifyUrl` of each order.",
    "coinbase-commerce": "Enter URL as a webhook; the shared secret is shown there. [memory]",
    "computop": "Send URL as `URLNotify` of each payment.",
    "douyinpay": "merchant-v1: send URL as `notify_url` of each order. trade-3.0: enter it for "
    "the application, or send it as `payNotifyUrl`. ecpay-v1: enter it with a token in the "
    "console.",
    "ecpay": "Send URL as `ReturnURL` of each order, never as the browser's address; HashKey "
    "and HashIV are shown in the console.",
    "flutterwave": "Enter URL as the webhook with a secret hash of your own, and switch retries "
    "on.",
    "gocardless": "Create a webhook endpoint with URL; its secret is shown there. Redirects are "
    "not followed.",
    "grabpay": "Have URL registered by Grab; write the same text into `notification_url`.",
    "huifu": "Send URL as `notify_url` of each call, without a query and, with a port of its "
    "own, within 8000 to 9005. Redirects are not followed.",
    "hyperpay-oppwa": "Add a webhook listener with URL; its secret is shown in the listener's "
    "settings.",
    "iyzico": "Enter URL for notifications, and have the signature header switched on for the "
    "account: without it nothing is signed.",
    "jdpay": "Send URL as `notifyUrl` of each order and refund call.",
    "jdpay-legacy": "Send URL as the notification address of each order.",
    "lemon-squeezy": "Create a webhook with URL and a signing secret of your own, for the "
    "events order_created, order_refunded and subscription_payment_*. [memory]",
    "mercadopago": "Enter URL as the webhook for payments; the secret signature is shown there. "
    "[memory]",
    "midtrans": "Enter URL as the payment notification address. [memory]",
    "mollie": "Send URL as `webhookUrl` of each payment, or subscribe it to the new events.",
    "momo": "Send URL as `ipnUrl` of each request.",
    "newebpay": "Send URL as `NotifyURL` of each trade; the browser's `ReturnURL` is another one.",
    "nowpayments": "Enter URL as the IPN address and generate an IPN secret: without one "
    "nothing is sent.",
    "nuvei": "Enter URL as the address for DMNs, with the merchant secret key. [memory]",
    "omise": "Enter URL as the webhook endpoint; its secret is shown there. [memory]",
    "paddle": "Create a notification destination with URL; its secret, pdl_ntfset_..., is shown "
    "there. [memory]",
    "pagbank": "Send URL in `notification_urls` of each order.",
    "paypal": "Create a webhook of the app with URL; its id goes into `webhook_id`. A "
    "simulator's messages carry another id and are refused.",
    "paystack": _DASHBOARD,
    "paytabs": "Send URL as the callback address of each payment request, or enter it as IPN "
    "for the profile. [memory]",
    "paytm": "Enter URL as the webhook for payments; the browser's CALLBACK_URL is another one. "
    "[memory]",
    "payu-india": "Enter URL as the webhook for payments, refunds and disputes; surl and furl "
    "are for the browser. [memory]",
    "phonepe": "Version 1: send URL as `callbackUrl` of each request. Version 2: enter it in "
    "the dashboard with a user name and a password of your own.",
    "pingpp": "Enter URL as a webhook; the company's public key is shown in the console.",
    "polar": "Add a webhook endpoint with URL, format raw; its secret is shown there. [memory]",
    "przelewy24": "Send URL as `urlStatus` of each transaction.",
    "quickpay": "Enter URL as the callback address, or send it with each payment; the private "
    "key is the merchant's. [memory]",
    "rapyd": _DASHBOARD,
    "razorpay": "Add a webhook with URL and a secret of your own, for the events payment.*, "
    "refund.* and payment.dispute.*. [memory]",
    "redsys": "Send URL as `Ds_Merchant_MerchantURL` of each payment.",
    "revolut-merchant": "Register URL as a webhook by the merchant API; the answer holds its "
    "signing secret. [memory]",
    "shopify": "Subscribe URL to orders/paid or order_transactions/create (the setting says "
    "which family announces), to refunds/create and to disputes/*, format JSON.",
    "sibs": "Enter URL as a webhook of the gateway; its secret is shown there. [memory]",
    "square": "Add a webhook subscription with URL; write the same text into "
    "`notification_url`, and its signature key into the account.",
    "standard-webhooks": "Enter URL as an endpoint at whoever sends; its secret or public key "
    "is shown there.",
    "stripe": "Add an endpoint with URL for the events payment_intent.*, charge.*, refund.* and "
    "checkout.session.*; its signing secret is shown there.",
    "tap": "Send URL as `post.url` of each charge and refund.",
    "toss-payments": "Register URL as a webhook; the security key is the account's. [memory]",
    "truelayer": "Enter URL as the webhook address in the console.",
    "trustly": "Send URL as `NotificationURL` of each order.",
    "unionpay": "Send URL as `backUrl` of each transaction; the browser's `frontUrl` is another "
    "one.",
    "vipps-mobilepay": "Register URL as a webhook by the API; the answer holds its secret. "
    "Common ports only; redirects are not followed.",
    "vnpay": "Have URL set as the IPN address of the terminal; the browser's ReturnURL gets the "
    "same parameters and is another one.",
    "wechatpay-v2": "Send URL as `notify_url` of each order and refund call, without a query; "
    "the console can hold one for refunds. The API key is set in the console.",
    "wechatpay-v3": "Send URL as `notify_url` of each order and refund call, https and without "
    "a query. In the console: the APIv3 key, and whether platform certificates or the public "
    "key of WeChat Pay sign.",
    "wise": "Subscribe URL to the events of transfers and balances; a test message comes at "
    "once, so the ingress has to run.",
    "worldpay": "Have URL set up for Access events, on port 443, with a shared secret and its "
    "key id.",
    "yeepay": "Send URL as `notifyUrl` of each order and refund.",
    "zalopay": "Send URL as `callback_url` of each order, or enter it for the application. "
    "[memory]",
}


def console_hint(name: str) -> str:
    """Return what to enter at a provider, `URL` in the place of the address."""
    return CONSOLE.get(name, ANYWHERE)
