/** Finds a Python that can make the emulator's virtual environment, or says in one sentence what is missing. */
export function findPython(candidates?: string[]): { command: string } | { problem: string };
