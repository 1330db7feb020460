package scorer;

import hex.genmodel.MojoModel;
import hex.genmodel.easy.EasyPredictModelWrapper;
import hex.genmodel.easy.RowData;
import hex.genmodel.easy.exception.PredictException;
import hex.genmodel.easy.prediction.AbstractPrediction;
import hex.genmodel.easy.prediction.BinomialModelPrediction;
import hex.genmodel.easy.prediction.MultinomialModelPrediction;
import hex.genmodel.easy.prediction.RegressionModelPrediction;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** A MOJO file, evaluated by H2O's own library: its columns, scores and Shapley values. */
final class Mojo {
  /** What counts as no value in a cell. */
  private static final Set<String> MISSING = Set.of("", "NA", "N/A", "nan", "NaN", "None", "?");

  private final EasyPredictModelWrapper scorer;
  private final EasyPredictModelWrapper explainer;
  private final Map<String, Boolean> isNumeric = new HashMap<>();
  final List<Messages.Field> inputs = new ArrayList<>();
  final List<Messages.Field> outputs = new ArrayList<>();

  Mojo(String path, boolean explains) throws IOException {
    MojoModel model = MojoModel.load(path);
    scorer = wrapped(model, false);
    explainer = explains ? wrapped(model, true) : null;
    for (int column = 0; column < model.nfeatures(); column++) {
      boolean numeric = model._domains[column] == null;
      isNumeric.put(model._names[column], numeric);
      inputs.add(new Messages.Field(model._names[column], numeric ? "Float64" : "Str"));
    }
    String target = model.getResponseName();
    if (!model.isClassifier()) {
      outputs.add(new Messages.Field(target, "Float64"));
      return;
    }
    for (String level : model.getDomainValues(model.getResponseIdx())) {
      outputs.add(new Messages.Field(target + "." + level, "Float64"));
    }
  }

  private static EasyPredictModelWrapper wrapped(MojoModel model, boolean explains) throws IOException {
    var config = new EasyPredictModelWrapper.Config().setModel(model).setConvertUnknownCategoricalLevelsToNa(true);
    return new EasyPredictModelWrapper(explains ? config.setEnableContributions(true) : config);
  }

  Messages.SampleRequest sample() {
    List<String> row = inputs.stream().map(field -> field.dataType().equals("Str") ? "text" : "0").toList();
    return new Messages.SampleRequest(inputs.stream().map(Messages.Field::name).toList(), List.of(row));
  }

  List<String> score(List<String> fields, List<String> cells) {
    try {
      List<String> scores = new ArrayList<>();
      for (double value : values(scorer.predict(row(fields, cells)))) scores.add(Double.toString(value));
      return scores;
    } catch (PredictException refused) {
      throw new IllegalArgumentException(refused.getMessage(), refused);
    }
  }

  private static double[] values(AbstractPrediction prediction) {
    if (prediction instanceof BinomialModelPrediction binomial) return binomial.classProbabilities;
    if (prediction instanceof MultinomialModelPrediction multinomial) return multinomial.classProbabilities;
    return new double[] {((RegressionModelPrediction) prediction).value};
  }

  Messages.Contributions explain(List<String> fields, List<List<String>> rows) {
    List<String> features = new ArrayList<>();
    for (String name : explainer.getContributionNames()) {
      features.add("contrib_" + (name.equals("BiasTerm") ? "bias" : name));
    }
    List<List<String>> contributions = new ArrayList<>();
    try {
      for (List<String> cells : rows) {
        List<String> values = new ArrayList<>();
        for (float value : explainer.predictContributions(row(fields, cells))) values.add(Float.toString(value));
        contributions.add(values);
      }
    } catch (PredictException refused) {
      throw new IllegalArgumentException(refused.getMessage(), refused);
    }
    return new Messages.Contributions(features, List.of(new Messages.Group(null, contributions)));
  }

  /** Columns that the model does not know are left out, columns that it misses are missing values. */
  private RowData row(List<String> fields, List<String> cells) {
    RowData row = new RowData();
    for (int index = 0; index < cells.size(); index++) {
      String name = fields.get(index);
      String cell = cells.get(index);
      Boolean numeric = isNumeric.get(name);
      if (numeric == null) continue;
      if (MISSING.contains(cell)) {
        row.remove(name);
        continue;
      }
      row.put(name, numeric ? number(cell) : cell);
    }
    return row;
  }

  /** The cell, or 0 and 1 for a truth; what is no number is refused in Java's words. */
  private static String number(String cell) {
    if (cell.equalsIgnoreCase("true")) return "1";
    if (cell.equalsIgnoreCase("false")) return "0";
    Double.parseDouble(cell);
    return cell;
  }
}
