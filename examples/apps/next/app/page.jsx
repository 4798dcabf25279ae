import Link from 'next/link';
import { Counter } from './counter';

export default function Page() {
  return (
    <main>
      <img src="/logo.svg" alt="" />
      <h1>Grüße aus Next</h1>
      <Counter />
      <Link href="/hello/world">Say hello</Link>
    </main>
  );
}
