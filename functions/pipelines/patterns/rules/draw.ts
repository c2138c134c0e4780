import type { Graph } from "../../graph/rules/nodes.ts";
import type { PartsOf, PatternParts } from "../model.ts";
import { numbered, Sketch } from "./sketch.ts";

type Draw<P extends PatternParts["name"]> = (parts: PartsOf<P>, sketch: Sketch) => void;

/** Between `in` and `out`, which are there already. */
const drawings: { readonly [P in PatternParts["name"]]: Draw<P> } = {
  sequential({ agents }, sketch) {
    let last = "in";
    for (const [i, agent] of agents.entries()) {
      const next = sketch.agent(numbered("step", i), agent, `Step ${i + 1}`);
      sketch.link(last, next);
      last = next;
    }
    sketch.link(last, "out");
  },

  parallel({ agents, judge }, sketch) {
    const all = agents.map((agent, i) => sketch.agent(numbered("branch", i), agent, `Branch ${i + 1}`));
    const config = judge === undefined ? { strategy: "concat" } : { strategy: "summarize", agent_id: judge.agent_id };
    const join = sketch.node("join", judge === undefined ? "merge" : "synthesizer", judge?.label ?? "Together", config);
    sketch.fan("in", all, join);
    sketch.link(join, "out");
  },

  router({ strategy, router, routes, default: otherwise }, sketch) {
    const agent = router === undefined ? {} : { agent_id: router.agent_id };
    const branches = routes.map(({ agent: _, ...branch }) => branch);
    const rest = otherwise === undefined ? {} : { default: "default" };
    sketch.link(
      "in",
      sketch.node("route", "router", router?.label ?? "Router", { strategy, ...agent, branches, ...rest }),
    );
    const ends = otherwise === undefined ? routes : [...routes, { handle: "default", agent: otherwise }];
    for (const [i, { handle, agent: taken }] of ends.entries()) {
      const id = sketch.agent(numbered("to", i), taken, handle);
      sketch.link("route", id, handle);
      sketch.link(id, "out");
    }
  },

  supervisor({ supervisor, workers, max_rounds, max_workers, selection }, sketch) {
    const config = { agent_id: supervisor.agent_id, workers, max_rounds, max_workers, selection };
    sketch.link("in", sketch.node("supervisor", "supervisor", supervisor.label ?? "Supervisor", config));
    sketch.link("supervisor", "out");
  },

  ensemble({ agents, synthesizer }, sketch) {
    const all = agents.map((agent, i) => sketch.agent(numbered("expert", i), agent, `Expert ${i + 1}`));
    const config = { strategy: "summarize", agent_id: synthesizer.agent_id };
    sketch.fan("in", all, sketch.node("synthesis", "synthesizer", synthesizer.label ?? "Synthesis", config));
    sketch.link("synthesis", "out");
  },

  blackboard({ agents, until, rounds }, sketch) {
    let source: readonly [node: string, handle?: string] = ["in"];
    for (let round = 1; round <= rounds; round++) {
      const input_mapping = { problem: "run.input", ...(round === 1 ? {} : { board: "input" }) };
      const board = sketch.node(`board_${round}`, "merge", `Board, round ${round}`, { strategy: "merge_json" });
      // What stood there before comes first: what is new stands over it.
      if (round > 1) sketch.link(source[0], board, source[1]);
      const all = agents.map((agent, i) =>
        sketch.agent(`${numbered("agent", i)}_${round}`, agent, `Agent ${i + 1}, round ${round}`, { input_mapping }),
      );
      sketch.fan(source[0], all, board, source[1]);
      if (round === rounds) {
        sketch.link(board, "out");
        break;
      }
      const check = sketch.node(`check_${round}`, "condition", `Solved after round ${round}?`, {
        branches: [{ handle: "solved", condition: until }],
        default: "again",
      });
      sketch.link(board, check);
      sketch.link(check, "out", "solved");
      source = [check, "again"];
    }
  },

  consensus({ agents, of, quorum, winner, ties }, sketch) {
    const all = agents.map((agent, i) => sketch.agent(numbered("voter", i), agent, `Voter ${i + 1}`));
    const config = { strategy: "vote", winner, ties, of, quorum };
    sketch.fan("in", all, sketch.node("vote", "synthesizer", "Vote", JSON.parse(JSON.stringify(config))));
    sketch.link("vote", "out");
  },

  debate({ for: speaks, against, judge, rounds }, sketch) {
    const said = (side: string, round: number) => `steps.${side}_${round}.output.text`;
    const exchange = (round: number) => `{"for": ${said("for", round)}, "against": ${said("against", round)}}`;
    const soFar = (round: number) => `[${Array.from({ length: round }, (_, i) => exchange(i + 1)).join(", ")}]`;
    let source = "in";
    for (let round = 1; round <= rounds; round++) {
      const before = round === 1 ? {} : { said: soFar(round - 1) };
      const speech = (side: string) => ({ input_mapping: { topic: "run.input", side: `"${side}"`, ...before } });
      const join = sketch.node(`round_${round}`, "merge", `Round ${round}`);
      const sides = [
        sketch.agent(`for_${round}`, speaks, `For, round ${round}`, speech("for")),
        sketch.agent(`against_${round}`, against, `Against, round ${round}`, speech("against")),
      ];
      sketch.fan(source, sides, join);
      source = join;
    }
    const input_mapping = { topic: "run.input", said: soFar(rounds) };
    sketch.link(source, sketch.agent("judge", judge, "Judge", { input_mapping }));
    sketch.link("judge", "out");
  },

  handoff({ agents, escalate }, sketch) {
    let source: readonly [node: string, handle?: string] = ["in"];
    for (const [i, agent] of agents.entries()) {
      const input_mapping = { request: "run.input", answered: "input" };
      const tier = sketch.agent(numbered("tier", i), agent, `Tier ${i + 1}`, i === 0 ? {} : { input_mapping });
      sketch.link(source[0], tier, source[1]);
      if (i === agents.length - 1) {
        sketch.link(tier, "out");
        break;
      }
      const check = sketch.node(numbered("check", i), "condition", `Pass on from tier ${i + 1}?`, {
        branches: [{ handle: "escalate", condition: escalate }],
        default: "done",
      });
      sketch.link(tier, check);
      sketch.link(check, "out", "done");
      source = [check, "escalate"];
    }
  },
};

/**
 * The ordinary graph of a pattern: nothing of it is special, and everything of it can be changed afterwards.
 * Rounds are drawn one after the other, so that each step of each round has its own record.
 */
export function drawPattern(parts: PatternParts): Graph {
  const sketch = new Sketch();
  sketch.node("in", "input", "Input");
  (drawings[parts.name] as Draw<PatternParts["name"]>)(parts as never, sketch);
  sketch.node("out", "output", "Output");
  return sketch.graph();
}
