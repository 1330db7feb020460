/**
 * `h2o-ai-cloud`: the public surface of the SDK.
 */
export { H2OCloud, type H2OCloudOptions } from './cloud.js';
export { User, type AccessTokenOptions, type EngineOptions, type SignOutOptions } from './user.js';
export type { UserClaims } from './access/claims.js';
export type { OnBehalfOf, TokenStoreOption } from './credentials.js';
export type { WaveRequest } from './identity/wave/headers.js';
export type { SuppliedToken, TokenFunction } from './identity/function-token.js';
export type { IoredisClient, NodeRedisClient, RedisClient } from './identity/token-store/redis.js';
export {
  fileTokenStore,
  redisTokenStore,
  SharedTokenStore,
  type EncryptionKey,
  type FileTokenStoreOptions,
  type RedisTokenStoreOptions,
} from './identity/token-store/shared-token-store.js';
export type {
  DriveSources,
  EnvironmentOptions,
  MlopsSources,
  OidcOptions,
  RolesOptions,
  ServiceAtUrl,
  ServiceFromFile,
  ServiceFromVariable,
  ServicesOptions,
  ServiceSource,
  WaveKey,
  WaveOptions,
} from './environment/options.js';
export type { ClientAuthenticationMethod } from './environment/client-proof.js';
export type { CloudDescription, Finding } from './environment/describe.js';

export type { AuthorizedRequest } from './http/authorized-fetch.js';
export type { List } from './http/pagination.js';
export type { RequestOptions } from './http/request-options.js';
export type { RetryOptions } from './http/retry.js';
export type { FetchFunction } from './http/transport.js';
export { AccessToken, type AccessTokenFacts } from './internal/access-token.js';
export type { CallEvent, CallListener, CredentialKind, ServiceCallEvent, TokenEvent, TokenUseEvent } from './internal/call-event.js';
export type { Clock } from './internal/clock.js';
export type { Credential, TokenRequest } from './internal/credential.js';
export type { LogFields, Logger } from './internal/logger.js';
export { Secret } from './internal/secret.js';

export { Mlops, type MlopsByPlatform } from './mlops/mlops.js';
export type { ArtifactSource } from './mlops/artifact-source.js';
export type { Artifact, Downloaded, DownloadOptions, DownloadProgress, UploadOptions, UploadProgress } from './mlops/artifacts.js';
export type { DownloadTarget } from './mlops/download.js';
export type { Composition, DeployedComposition, DeployedModel } from './mlops/composition.js';
export type { DeployOptions, DeployParams, DeployProgress } from './mlops/deploy.js';
export type { DeploymentState, DeploymentStatus, WaitOptions, WaitProgress } from './mlops/deployment-status.js';
export type {
  BaselineColumn,
  DeploymentSettings,
  Disruption,
  LogicalType,
  MonitoredColumn,
  Monitoring,
  Quantities,
  ScalingBounds,
} from './mlops/deployment-settings.js';
export type {
  Deployment,
  DeploymentCreateParams,
  DeploymentListParams,
  DeploymentUpdateParams,
  PlatformSettings,
  ShadowComposition,
  WeightedComposition,
} from './mlops/deployment.js';
export type { Deployments } from './mlops/deployments.js';
export type { Environment, Environments } from './mlops/environments.js';
export type {
  Experiment,
  ExperimentCreateOptions,
  ExperimentCreateParams,
  ExperimentListParams,
  ExperimentParameters,
  Experiments,
  ExperimentUpdateParams,
  MetadataValue,
  SchemaColumn,
} from './mlops/experiments.js';
export type { ListFilter } from './mlops/list-filter.js';
export type { Model, ModelCreateParams, ModelListParams, Models, ModelUpdateParams, ModelVersion, RegisterParams } from './mlops/models.js';
export type { Pausing } from './mlops/pausing.js';
export type { PlatformFeature, PlatformName } from './mlops/platform-resolver.js';
export type { ArtifactListParams, ArtifactUploadParams, ProjectArtifact, ProjectArtifacts } from './mlops/project-artifacts.js';
export type { Project, ProjectCreateParams, ProjectListParams, Projects, ProjectUpdateParams } from './mlops/projects.js';
export type { ArtifactRef, DeploymentRef, ExperimentRef, ModelRef, ModelVersionRef, ProjectRef } from './mlops/references.js';
export type { Runtime, RuntimeListParams, Runtimes } from './mlops/runtimes.js';
export type { SecurityKinds } from './mlops/security-kinds.js';
export type { MlopsUser, Users } from './mlops/users.js';
export {
  SecurityOptions,
  type PassphraseOptions,
  type SecurityInput,
  type SecurityKind,
  type SecurityOption,
  type NoSecurity,
  type OidcSecurity,
  type ApiKeySecurity,
  type PassphraseSecurity,
  type UnknownSecurity,
} from './mlops/security-options.js';

export { Drive, DriveBucket } from './drive/drive.js';
export { DriveContent } from './drive/content.js';
export {
  DriveFolder,
  type DeleteAllOptions,
  type DownloadParams,
  type DriveObject,
  type FileTransferOptions,
  type PresignOptions,
  type PutParams,
  type TransferOptions,
  type TransferProgress,
} from './drive/folder.js';
export type { ObjectSource } from './drive/object-source.js';
export { PresignedUrl } from './drive/presigned-url.js';
export { Steam, type SteamCallOptions } from './steam/steam.js';
export type { SteamAbout } from './steam/api/steam-api.js';
export type { Dataset, H2oClusters, SteamCluster, SteamClusterLaunchParams, SteamClusterQuery } from './steam/clusters.js';
export type { SteamStatus } from './steam/engine-status.js';
export type {
  DriverlessInstances,
  SteamInstance,
  SteamInstanceLaunchParams,
  SteamInstanceQuery,
  SteamInstanceStartParams,
} from './steam/instances.js';
export type { LimitedValue, SteamLimit, SteamLimits, SteamProfile, SteamVersion } from './steam/profiles.js';
export type { SteamEngineRef } from './steam/references.js';
export type { SteamRunningQuery } from './steam/running.js';

export { Engines, type NotebookEngines } from './engines/engines.js';
export type {
  AnyEngine,
  DriverlessAiEngine,
  EngineFacts,
  EngineLimit,
  EngineLogs,
  EngineProfile,
  EngineVersion,
  H2o3Engine,
} from './engines/engine.js';
export type { EngineListParams, EnginePlace, EngineValues, RunningEngineQuery } from './engines/engine-collection.js';
export type { EngineState } from './engines/engine-state.js';
export type {
  DriverlessAiConfig,
  DriverlessAiCreateParams,
  DriverlessAiEngines,
  DriverlessAiUpdateParams,
} from './engines/driverlessai.js';
export type { EngineFilter } from './engines/filter.js';
export type { H2o3CreateParams, H2o3Engines, H2oEngineSize, H2oSizeParams, SizeLimits } from './engines/h2o3.js';
export type { EngineRef } from './engines/names.js';

export { EngineConnection, type EngineHeadersOptions, type EngineKind } from './running-engine/connection.js';
export type { EngineOrder } from './running-engine/source.js';
export type { EngineProgress, EngineWaitOptions } from './running-engine/wait.js';

export type { Cell, ScoredCell } from './scoring/cells.js';
export type {
  AnsweredRows,
  CellTable,
  ContributionGroup,
  ContributionRequest,
  Contributions,
  PredictionIntervals,
  ScoreMediaRequest,
  ScoreRequest,
  ScoreResponse,
  ShapleyValueType,
} from './scoring/contract.js';
export type { MediaContent, MediaFile } from './scoring/media.js';
export type { ScorerOptions, ScorerTarget } from './scoring/open-scorer.js';
export type { OpenAiConnection } from './scoring/openai.js';
export type { ExplainedRow, ExplainOptions, ScoredRow } from './scoring/row-reader.js';
export type { Row, RowOptions } from './scoring/row-writer.js';
export {
  Scorer,
  type AskForContributions,
  type AskForIntervals,
  type ExplainRowsOptions,
  type ExplainStreamOptions,
  type PredictionLike,
  type RowLike,
  type Scored,
  type ScoreRowsOptions,
  type ScoreStreamOptions,
} from './scoring/scorer.js';
export { ScoreStream, type ScoreProgress, type ScoreReport, type StreamOptions } from './scoring/score-stream.js';
export type { ResultFile } from './scoring/sources/result-file.js';
export type { CsvSource, JsonLinesSource, RowSource, TextSource } from './scoring/sources/row-source.js';
export type { Column, Schema } from './scoring/schema.js';

export {
  ApiError,
  type ApiErrorFacts,
  ConflictError,
  NotFoundError,
  PermissionDeniedError,
  RateLimitError,
  ServerError,
} from './errors/api-error.js';
export { AuthenticationError, ScopeNotGrantedError, SignInRequiredError, TokenExchangeError } from './errors/authentication-error.js';
export { H2OCloudError, type CreatedResource, type ErrorFacts, type ErrorJson } from './errors/base.js';
export type { ErrorCode } from './errors/codes.js';
export { ConfigurationError } from './errors/configuration-error.js';
export { ConnectionError, ResponseValidationError, TimeoutError } from './errors/connection-error.js';
export { DeploymentFailedError, UnsupportedByPlatformError, WaitTimeoutError, type ObservedState } from './errors/deployment-error.js';
export { EngineError, type EngineEvent, type ObservedEngineState } from './errors/engine-error.js';
export { ScoringError, type RowProblem } from './errors/scoring-error.js';
