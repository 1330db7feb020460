/**
 * Refusals of AI Engine Manager: a google.rpc.Status, and the HTTP status that goes with its code.
 */
const httpStatuses = { 3: 400, 5: 404, 6: 409, 7: 403, 9: 400, 12: 501, 16: 401 } as const;

export class StatusError extends Error {
  readonly code: keyof typeof httpStatuses;

  constructor(code: keyof typeof httpStatuses, message: string) {
    super(message);
    this.code = code;
  }

  toResponse(): Response {
    return Response.json({ code: this.code, message: this.message, details: [] }, { status: httpStatuses[this.code] });
  }
}
