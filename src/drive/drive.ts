/**
 * H2O Drive as one user: the user's own bucket, those of workspaces, and the folders that apps have by convention.
 */
import type { ServiceEndpoint } from '../environment/endpoints.js';
import type { ServiceName } from '../environment/services.js';
import type { InstanceFacts } from '../environment/settings.js';
import type { SendPorts } from '../http/send.js';
import { waitUnlessAborted } from '../internal/clock.js';
import type { Credential } from '../internal/credential.js';
import type { BucketAddress } from './api/s3.js';
import { DriveFolder, type FolderPorts } from './folder.js';
import { checkedWorkspace, folderOf } from './keys.js';
import type { DriveConnection } from './store.js';

export interface DrivePorts extends SendPorts {
  readonly credential: Credential;
  service(name: ServiceName, options: { readonly signal?: AbortSignal | undefined }): Promise<ServiceEndpoint>;
  /** Which instance of which app this program is. */
  readonly instance: () => InstanceFacts;
}

/** A bucket: a folder of everything, with the folders that apps use by convention. */
export class DriveBucket extends DriveFolder {
  readonly #instance: () => InstanceFacts;

  /** @internal */
  constructor(ports: FolderPorts, instance: () => InstanceFacts) {
    super(ports, '');
    this.#instance = instance;
  }

  /**
   * `home/`: what people keep, whatever the app.
   *
   * @example
   * const files = await user.drive.home().list().toArray();
   */
  home(): DriveFolder {
    return this.folder(folderOf('home', this.#instance()));
  }

  /**
   * The folder of this app, in all its versions and instances.
   *
   * @throws {ConfigurationError} code `CONFIGURATION_MISSING`: `H2O_CLOUD_APP_NAME` is not set
   * @example
   * await user.drive.app().put({ key: 'settings.json', body: Buffer.from('{}') });
   */
  app(): DriveFolder {
    return this.folder(folderOf('app', this.#instance()));
  }

  /**
   * The folder of this version of the app.
   *
   * @throws {ConfigurationError} code `CONFIGURATION_MISSING`: `H2O_CLOUD_APP_NAME`, `H2O_CLOUD_APP_ID` or `H2O_CLOUD_APP_VERSION` is not set
   * @example
   * const cache = user.drive.appVersion().folder('cache');
   */
  appVersion(): DriveFolder {
    return this.folder(folderOf('appVersion', this.#instance()));
  }

  /**
   * The folder of this instance of the app.
   *
   * @throws {ConfigurationError} code `CONFIGURATION_MISSING`: a variable of {@link appVersion} or `H2O_CLOUD_INSTANCE_ID` is not set
   * @example
   * const scratch = user.drive.appInstance();
   */
  appInstance(): DriveFolder {
    return this.folder(folderOf('appInstance', this.#instance()));
  }
}

/**
 * The user's own bucket, and the way to those of workspaces.
 *
 * @example
 * await user.drive.put({ key: 'data.csv', body: 'data.csv' });
 * const shared = user.drive.workspace('default').home();
 */
export class Drive extends DriveBucket {
  readonly #ports: DrivePorts;
  readonly #connection: () => Promise<DriveConnection>;

  /** @internal */
  constructor(ports: DrivePorts) {
    const connection = connectionOf(ports);
    super(folderPorts(ports, connection, 'driveUser', '_my'), ports.instance);
    this.#ports = ports;
    this.#connection = connection;
  }

  /**
   * The bucket of a workspace.
   *
   * @param id as the platform gives it, also as `workspaces/<id>`; `default` is the user's personal workspace
   * @throws {ConfigurationError} it is no id
   * @example
   * const objects = await user.drive.workspace('default').list().toArray();
   */
  workspace(id: string): DriveBucket {
    const ports = folderPorts(this.#ports, this.#connection, 'driveWorkspace', checkedWorkspace(id));
    return new DriveBucket(ports, this.#ports.instance);
  }
}

/** One session for the user, made when the first call needs it. */
function connectionOf(ports: DrivePorts): () => Promise<DriveConnection> {
  let connection: Promise<DriveConnection> | undefined;
  return () => {
    connection ??= import('./store.js').then(({ connectDrive }) =>
      connectDrive({ ...ports, sts: (signal) => ports.service('driveSts', { signal }) }),
    );
    return connection;
  };
}

function folderPorts(ports: DrivePorts, connection: () => Promise<DriveConnection>, service: ServiceName, bucket: string): FolderPorts {
  const locate = async (signal?: AbortSignal): Promise<BucketAddress> => {
    const { url } = await waitUnlessAborted(ports.service(service, { signal }), signal);
    return { endpoint: url, bucket };
  };
  return { clock: ports.clock, store: async () => (await connection()).bucket(locate) };
}
