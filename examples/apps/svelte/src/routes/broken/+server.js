export function GET() {
  throw new Error('The database is gone.');
}
