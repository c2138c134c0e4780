import { stopRunning } from "./running.ts";

// Ends what `npm start` started, wherever it runs; its data stays.
console.log((await stopRunning()) ? "Stopped. The data is kept; npm start continues with it." : "Nothing is running.");
