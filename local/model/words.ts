const stopWords = new Set(
  `a about after again all also am an and any are as at be because been before but by can could did do does for from had
  has have here how i if in into is it its just me more most my no nor not now of off on only or our out over own please
  same she should so some such than that the their them then there these they this those through to too under until up us
  use used uses using very want was we were what when where which while who why will with would you your`.split(/\s+/),
);

/** One token of the scripted model: a run of characters without white space. A rule that a test can count by hand. */
export function countTokens(text: string): number {
  return pieces(text).length;
}

/** The text in tokens, each with the white space before it; joined they are the text without white space at its end. */
export function pieces(text: string): string[] {
  return text.match(/\s*\S+/gu) ?? [];
}

/** The words that carry meaning, in lower case: no stop words, plural and simple plural alike. */
export function keywords(text: string): Set<string> {
  const words = text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
  return new Set(words.filter((word) => !stopWords.has(word)).map(stem));
}

function stem(word: string): string {
  return word.length > 3 && word.endsWith("s") && !word.endsWith("ss") ? word.slice(0, -1) : word;
}

/** How many words of meaning two texts share. */
export function overlap(a: Set<string>, b: Set<string>): number {
  return a.intersection(b).size;
}
