/**
 * The users of the platform: who the caller is, and who else there is.
 */
import { lazyList } from '../http/lazy-list.js';
import type { List } from '../http/pagination.js';
import type { RequestOptions } from '../http/request-options.js';
import { withTotalDeadline } from '../http/total-deadline.js';
import type { PlatformResolver } from './platform-resolver.js';
import { idOf } from './references.js';

/** A user of MLOps as it was read. */
export interface MlopsUser {
  readonly id: string;
  /** What the user signs in with. */
  readonly username: string;
  readonly name?: string;
  readonly email?: string;
}

/** Users on one platform. */
export interface UsersApi {
  whoAmI(options: RequestOptions): Promise<MlopsUser>;
  get(id: string, options: RequestOptions): Promise<MlopsUser>;
  list(options: RequestOptions): List<MlopsUser>;
}

export class Users {
  readonly #platform: PlatformResolver;

  /** @internal */
  constructor(platform: PlatformResolver) {
    this.#platform = platform;
  }

  /**
   * Who the caller is, as MLOps knows them: its ids are those of `ownerId`.
   *
   * @example
   * const { id, username } = await mlops.users.whoAmI();
   */
  async whoAmI(options: RequestOptions = {}): Promise<MlopsUser> {
    return withTotalDeadline(this.#platform.clock, { name: 'users.whoAmI', safe: true }, options, async (within) => {
      const { users } = await this.#platform.resolve(within);
      return users.whoAmI(within);
    });
  }

  /**
   * Reads a user.
   *
   * @param user the id, for instance the `ownerId` of a project, or a user
   * @throws {NotFoundError} there is none, or the caller may not see them
   * @example
   * const owner = await mlops.users.get(project.ownerId ?? '');
   */
  async get(user: string | { readonly id: string }, options: RequestOptions = {}): Promise<MlopsUser> {
    const id = idOf(user, 'user');
    const { users } = await this.#platform.resolve(options);
    return users.get(id, options);
  }

  /**
   * Lists the users that the caller may see, lazily.
   *
   * @example
   * for await (const { username } of mlops.users.list()) console.log(username);
   */
  list(options: RequestOptions = {}): List<MlopsUser> {
    return lazyList(async () => (await this.#platform.resolve(options)).users.list(options));
  }
}
