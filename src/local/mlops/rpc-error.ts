/**
 * A refusal as the gateway words it: a google.rpc.Status body, and the HTTP status that goes with its code.
 */
const httpStatuses = { 3: 400, 5: 404, 6: 409, 7: 403, 8: 429, 9: 400, 10: 409, 11: 400, 12: 501, 13: 500, 16: 401 } as const;

export type RpcCode = keyof typeof httpStatuses;

export class RpcError extends Error {
  readonly code: RpcCode;

  constructor(code: RpcCode, message: string) {
    super(message);
    this.name = 'RpcError';
    this.code = code;
  }

  toResponse(): Response {
    return Response.json({ code: this.code, message: this.message, details: [] }, { status: httpStatuses[this.code] });
  }
}

export const invalidArgument = (message: string): RpcError => new RpcError(3, message);
export const failedPrecondition = (message: string): RpcError => new RpcError(9, message);
export const notFound = (what: string, id: string): RpcError => new RpcError(5, `${what} ${id} not found`);
