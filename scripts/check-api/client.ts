// The description's types, as a client would use them.
import type { paths } from "./api";

type Answer<Path extends keyof paths> = paths[Path] extends {
  get: { responses: { 200: { content: infer Content } } };
}
  ? Content[keyof Content]
  : never;

export const weavy = (page: Answer<"/api/conversations">): number[] =>
  (page.data ?? []).map((conversation) => conversation.id);
export const protocol = (page: Answer<"/v1/conversations">): (number | null)[] =>
  page.data.map((conversation) => conversation.last_active_at);
export const pulse = (page: Answer<"/api/v1/chats">): (string | null | undefined)[] =>
  page.data.map((chat) => chat.attributes.subject);
export const chatwoot = (
  page: Answer<"/api/v1/accounts/{account_id}/conversations">,
): number[] => page.data.payload.map((conversation) => conversation.id);
export const audit = (
  page: Answer<"/audit/conversations/{conversation}/events">,
): string[] => page.data.map((event) => event.event_type);
