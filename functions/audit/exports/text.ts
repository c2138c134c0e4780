/** Characters that are sent as one piece: enough that sending costs little, little enough that the first comes soon. */
const PIECE = 32_768;

/** A text as it is sent: what comes line by line, in pieces. */
export async function* inPieces(lines: AsyncIterable<string>): AsyncGenerator<string> {
  let piece = "";
  for await (const line of lines) {
    piece += line;
    if (piece.length < PIECE) continue;
    yield piece;
    piece = "";
  }
  if (piece !== "") yield piece;
}
