import dns2 from "dns2";

const { Packet } = dns2;

/** A name server on loopback that knows the TXT records that a test gives it. */
export interface NameServer {
  /** `address:port`, as the setting DNS_SERVERS takes it. */
  readonly address: string;
  /** What a name's TXT records say; a name that is not here does not exist. Null: the server refuses to say. */
  readonly texts: Map<string, readonly string[] | null>;
  /** Names that were asked for. */
  readonly asked: string[];
  close(): Promise<void>;
}

/** @param at `address:port` to listen at; any free port when it is left out */
export async function startNameServer(at = "127.0.0.1:0"): Promise<NameServer> {
  const texts: NameServer["texts"] = new Map();
  const asked: string[] = [];
  const server = dns2.createServer({
    udp: true,
    handle: (request, send) => {
      const response = Packet.createResponseFromRequest(request);
      const name = request.questions[0]?.name.toLowerCase() ?? "";
      asked.push(name);
      const known = texts.get(name);
      if (known === undefined) response.header.rcode = 3;
      else if (known === null) response.header.rcode = 2;
      for (const data of known ?? [])
        response.answers.push(
          new Packet.Resource({ name, type: Packet.TYPE.TXT, class: Packet.CLASS.IN, ttl: 1, data }),
        );
      send(response);
    },
  });
  const [host = "", port = ""] = at.split(":");
  const bound = await server.listen({ udp: { port: Number(port), address: host } });
  const address = `${host}:${bound.udp?.port ?? port}`;
  return { address, texts, asked, close: () => server.close() };
}
