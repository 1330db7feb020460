/**
 * A refusal as the token endpoint words it. Clients branch on `error` and tell sub-reasons apart by the description, so both are Keycloak's, to the letter.
 */
export class OAuthError extends Error {
  readonly status: number;
  readonly error: string;

  constructor(error: string, description: string, status = 400) {
    super(description);
    this.name = 'OAuthError';
    this.error = error;
    this.status = status;
  }
}

export const invalidGrant = (description: string): OAuthError => new OAuthError('invalid_grant', description);
export const invalidRequest = (description: string): OAuthError => new OAuthError('invalid_request', description);
