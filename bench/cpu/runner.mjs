// Stands for the Lambda runtime: loads one bundle and calls its handler, event after event. What it tells is the
// processor time of the whole process, so that nothing inside the bundle takes part in measuring it.
const { handler } = await import(process.argv[2]);

process.on("message", async ({ events }) => {
  const began = process.cpuUsage();
  let refused;
  for (const event of events) {
    const { statusCode, body } = await handler(event);
    if (statusCode >= 300) refused ??= `${statusCode} ${body}`;
  }
  const { user, system } = process.cpuUsage(began);
  process.send(refused === undefined ? { microseconds: (user + system) / events.length } : { refused });
});
process.send({ ready: true });
