/** A text as texts are compared without case: in small letters, the two ways to write an accent being one. */
export const folded = (text: string): string => text.normalize("NFC").toLowerCase().normalize("NFC");
