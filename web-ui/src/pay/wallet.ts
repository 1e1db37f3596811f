// How BRC-100 wallets are reached, by the SDK that its standard comes with: in this page, on this device, around it.

export { WalletClient } from "@bsv/sdk";
