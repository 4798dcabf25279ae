// Rendered for each request.
export default async function Page({ params, searchParams }) {
  const { name } = await params;
  const { from = 'nobody' } = await searchParams;
  return (
    <h1>
      Hello {name}, says {from}
    </h1>
  );
}
