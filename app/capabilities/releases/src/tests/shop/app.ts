import { Basket, type Order } from "./shop";

const orders: Order[] = [
  { id: "a", lines: [3, 4] },
  { id: "b", lines: [] },
];

function checkout(order: Order): string {
  const basket = new Basket(order);
  const total = basket.total();
  return `${order.id}: ${total}`;
}

export function checkoutAll(): string[] {
  return orders.map((order) => {
    return checkout(order);
  });
}

try {
  console.log(checkoutAll());
} catch (error) {
  console.log((error as Error).stack);
}
