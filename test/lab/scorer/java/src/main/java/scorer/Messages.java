package scorer;

import jakarta.validation.constraints.NotNull;
import java.util.List;

/** The JSON of the contract. Cells are text; what else comes in, Jackson makes text of. */
final class Messages {
  enum Shapley {
    ORIGINAL,
    TRANSFORMED,
    NONE
  }

  record ScoreRequest(
      List<String> fields,
      List<List<String>> rows,
      List<String> includeFieldsInOutput,
      Boolean noFieldNamesInOutput,
      String idField,
      Shapley requestShapleyValueType,
      Boolean requestPredictionIntervals) {}

  record ContributionRequest(@NotNull Shapley requestShapleyValueType, List<String> fields, List<List<String>> rows) {}

  record MediaRequest(List<String> fields, List<List<String>> rows, List<String> mediaFields) {}

  record ScoreResponse(String id, List<String> fields, List<List<String>> score, Contributions featureShapleyContributions) {}

  record Contributions(List<String> features, List<Group> contributionGroups) {}

  record Group(String outputGroup, List<List<String>> contributions) {}

  record Field(String name, String dataType) {}

  record Schema(List<Field> inputFields, List<Field> outputFields) {}

  record Model(String id, Schema schema) {}

  record SampleRequest(List<String> fields, List<List<String>> rows) {}
}
