import { type AddressInfo, createServer } from "node:net";

// A webhook receiver in a process of its own: takes everything, answers 204. It reads no more of HTTP than where a request
// ends, so that the senders are what is measured. Ends with its parent.
const answer = "HTTP/1.1 204 No Content\r\nconnection: keep-alive\r\n\r\n";
const headEnd = "\r\n\r\n";

const server = createServer((socket) => {
  let unread = "";
  socket.setNoDelay(true);
  socket.setEncoding("latin1");
  socket.on("data", (text: string) => {
    unread += text;
    for (let end = unread.indexOf(headEnd); end >= 0; end = unread.indexOf(headEnd)) {
      const length = Number(/\r\ncontent-length: *(\d+)/i.exec(unread.slice(0, end))?.[1] ?? 0);
      const total = end + headEnd.length + length;
      if (unread.length < total) return;
      unread = unread.slice(total);
      socket.write(answer);
    }
  });
  socket.on("error", () => socket.destroy());
});
server.listen(0, "127.0.0.1", () => process.send?.((server.address() as AddressInfo).port));
process.once("disconnect", () => process.exit(0));
