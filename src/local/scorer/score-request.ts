/**
 * What a scorer is asked, however it came to be read: `null` where the JSON has null or nothing.
 */

export type Text = string | null;
export type List<Item> = readonly Item[] | null;

export const shapleyTypes = ['ORIGINAL', 'TRANSFORMED', 'NONE'] as const;
export type ShapleyType = (typeof shapleyTypes)[number];

/** A score or contribution request. */
export interface ScoreRequest {
  readonly fields: List<Text>;
  readonly rows: List<List<Text>>;
  readonly includeFieldsInOutput: List<Text>;
  readonly noFieldNamesInOutput: boolean;
  readonly idField: Text;
  readonly shapley: ShapleyType | null;
  readonly predictionIntervals: boolean;
}
