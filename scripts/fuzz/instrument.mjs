// Counts where a program goes: a copy of a JavaScript file with a counter at each edge of its control flow. V8 has block
// coverage of its own, but tells it as a list of ranges in all scripts: too much to make and read after each input.
import ts from 'typescript';

/** Literals that are of no use as words of a mutation. */
const LONGEST_LITERAL = 64;
const MOST_LITERALS = 400;

/**
 * The same program with counters, line by line where it was. Its first statement asks `globalThis.lsapiFuzz`, if there
 * is one, for memory to count in, and tells it what the program compares text with.
 *
 * @param text JavaScript, an ES module
 * @param name the name that it gives itself
 */
export function instrument(text, name) {
  const source = ts.createSourceFile(name, text, ts.ScriptTarget.Latest, true, ts.ScriptKind.JS);
  const insertions = [];
  const literals = new Set();
  let edges = 0;
  // Of several texts at one place, the one that opens last stands last, and the one that closes first stands first.
  const insert = (at, what, closes) => insertions.push({ at, what, closes, order: insertions.length });
  const count = () => `lsapiEdges[${edges++}]++`;
  const block = (node) => insert(node.getStart() + 1, `${count()};`, false);
  const expression = (node) => {
    insert(node.getStart(), `(${count()},`, false);
    insert(node.end, ')', true);
  };
  const statement = (node) => {
    if (ts.isBlock(node)) return block(node);
    insert(node.getStart(), `{${count()};`, false);
    insert(node.end, '}', true);
  };

  const visit = (node) => {
    if (ts.isFunctionLike(node) && node.body !== undefined) {
      if (ts.isBlock(node.body)) block(node.body);
      else expression(node.body);
    } else if (ts.isIfStatement(node)) {
      // Before the branch: what closes there, closes first.
      if (node.elseStatement === undefined) insert(node.end, ` else ${count()};`, true);
      else if (!ts.isIfStatement(node.elseStatement)) statement(node.elseStatement);
      statement(node.thenStatement);
    } else if (ts.isConditionalExpression(node)) {
      expression(node.whenTrue);
      expression(node.whenFalse);
    } else if (ts.isIterationStatement(node, false)) {
      statement(node.statement);
    } else if (ts.isCaseOrDefaultClause(node)) {
      const [first] = node.statements;
      if (first !== undefined) insert(first.getStart(), `${count()};`, false);
    } else if (ts.isCatchClause(node)) {
      block(node.block);
    } else if (ts.isBinaryExpression(node) && SHORT_CIRCUITS.has(node.operatorToken.kind)) {
      expression(node.right);
    } else if (ts.isStringLiteral(node) && !ts.isImportDeclaration(node.parent)) {
      const { text: literal } = node;
      if (literal !== '' && literal.length <= LONGEST_LITERAL && !/\s\S*\s/.test(literal))
        literals.add(literal);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);

  const words = JSON.stringify([...literals].slice(0, MOST_LITERALS));
  const size = String(edges);
  let counted = `const lsapiEdges=globalThis.lsapiFuzz?.enter(${JSON.stringify(name)},${size},${words})??new Uint8Array(${size});`;
  insertions.sort(
    (one, other) =>
      one.at - other.at ||
      Number(other.closes) - Number(one.closes) ||
      (one.closes ? other.order - one.order : one.order - other.order),
  );
  let from = 0;
  for (const { at, what } of insertions) {
    counted += text.slice(from, at) + what;
    from = at;
  }
  return counted + text.slice(from);
}

const SHORT_CIRCUITS = new Set([
  ts.SyntaxKind.AmpersandAmpersandToken,
  ts.SyntaxKind.BarBarToken,
  ts.SyntaxKind.QuestionQuestionToken,
  ts.SyntaxKind.AmpersandAmpersandEqualsToken,
  ts.SyntaxKind.BarBarEqualsToken,
  ts.SyntaxKind.QuestionQuestionEqualsToken,
]);
