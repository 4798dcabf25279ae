export function GET() {
  throw new Error('as intended');
}
