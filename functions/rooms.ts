import type { RoomData } from "../shared/room.ts";
import { room as auth } from "./auth/room.ts";
import { room as events } from "./events/room.ts";
import { room as models } from "./models/room.ts";
import { room as organizations } from "./organizations/room.ts";
import { room as pipelines } from "./pipelines/room.ts";
import { room as platform } from "./platform/room.ts";
import { room as webhooks } from "./webhooks/room.ts";

/** The table of contents: every capability of the product. Adding a room costs one folder and one line here. */
export const rooms: readonly RoomData[] = [auth, organizations, models, events, pipelines, platform, webhooks];
