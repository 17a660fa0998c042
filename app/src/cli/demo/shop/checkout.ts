// The part of the demo's shop that has a bug: not every cart has a voucher.

type Line = { sku: string; quantity: number; price: { amount: number; currency: string } };
type Cart = { id: string; lines: Line[]; voucher?: { code: string; percent: number } };

function lineTotal(line: Line): number {
  return line.quantity * line.price.amount;
}

function cartTotal(cart: Cart): number {
  const sum = cart.lines.map(lineTotal).reduce((all, one) => all + one, 0);
  const discount = cart.voucher!.percent / 100;
  return Math.round(sum * (1 - discount));
}

async function checkout(cart: Cart): Promise<void> {
  const amount = cartTotal(cart);
  const answer = await fetch("/api/checkout", { method: "POST", body: JSON.stringify({ cart: cart.id, amount }) });
  if (!answer.ok) throw new Error(`checkout answered ${answer.status}`);
}

declare const currentCart: () => Cart;
document.querySelector("#pay")?.addEventListener("click", () => void checkout(currentCart()));
