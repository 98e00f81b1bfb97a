// What a program of a tenant says by the generated types: it compiles, strictly, or the description is not what it should be.
import type { components, paths } from "./generated";

type Trigger = paths["/api/v1/events/trigger"]["post"];
type Body = Trigger["requestBody"]["content"]["application/json"];
type Answer = Trigger["responses"][200]["content"]["application/json"];
type Refused = Trigger["responses"][429]["content"]["application/json"];
type State = paths["/api/v1/events/{eventId}"]["get"]["responses"][200]["content"]["application/json"];
type Providers = paths["/admin/v1/tenants/{tenantId}/providers/{channel}"]["put"]["requestBody"]["content"]["application/json"];

export const body: Body = {
    eventType: "order.confirmed",
    channels: ["EMAIL", "PUSH"],
    payload: { userId: "u-1", recipientEmail: "user@example.com" },
    variables: { orderNumber: "ORD-1", lines: [{ sku: "a", count: 2 }] },
};

export const providers: Providers = [
    { kind: "smtp", host: "mail.example.org", port: 587, tls: "starttls", username: "u", password: "p" },
    { kind: "sandbox" },
];

// @ts-expect-error a mail server has a host, a port and a way of encryption
export const incomplete: Providers = [{ kind: "smtp" }];

export function told(answer: Answer, refused: Refused, state: State): string[] {
    const plan: components["schemas"]["PlanLine"][] = answer.plan ?? [];
    const wait: number = refused.retryAfter ?? 0;
    return [
        answer.message,
        `${refused.code}: ${wait}`,
        ...plan.map((line) => `${line.channel} ${line.status} ${line.reason ?? ""}`),
        // Of a channel: its state and the number of its attempts, each a type of its own.
        ...state.data.channels.map((channel) => `${channel.status} after ${channel.attempts.toFixed(0)}`),
    ];
}
