#include "examples/dcavae/method_tests.hpp"

#include "examples/common/score_json.hpp"
#include "stx/metrics/rank_tests.hpp"
#include "stx/metrics/summary.hpp"

namespace stx::dcavae {

nlohmann::ordered_json method_tests(const Evaluation& evaluation) {
  nlohmann::ordered_json json = nlohmann::ordered_json::object();
  const std::vector<GeneScores> model = evaluation.methods.at(evaluation.order.front()).mean();
  for (const ScoreColumn& column : score_columns) {
    if (column.name != "pcc" && column.name != "scc" && column.name != "kendall" && column.name != "rmse") continue;
    const auto values_of = [&](const std::vector<GeneScores>& scores) {
      std::vector<double> values;
      for (const GeneScores& s : scores) values.push_back(s.*column.value);
      return values;
    };
    const std::vector<double> own = values_of(model);
    std::vector<double> unpaired, paired, ahead;
    for (std::size_t m = 1; m < evaluation.order.size(); ++m) {
      const std::vector<double> other = values_of(evaluation.methods.at(evaluation.order[m]).mean());
      unpaired.push_back(mann_whitney_u(own, other).p_value);
      paired.push_back(wilcoxon_signed_rank(own, other).p_value);
      std::vector<double> difference;
      for (std::size_t g = 0; g < own.size(); ++g) difference.push_back(own[g] - other[g]);
      ahead.push_back(summarize(std::move(difference)).median);
    }
    const std::vector<double> unpaired_q = benjamini_hochberg(unpaired), paired_q = benjamini_hochberg(paired);
    auto& of_score = json[std::string(column.name)] = nlohmann::ordered_json::object();
    for (std::size_t m = 1; m < evaluation.order.size(); ++m)
      of_score[evaluation.order[m]] = {{"median_difference", number(ahead[m - 1])},
                                       {"mann_whitney_p", number(unpaired[m - 1])},
                                       {"mann_whitney_p_corrected", number(unpaired_q[m - 1])},
                                       {"wilcoxon_p", number(paired[m - 1])},
                                       {"wilcoxon_p_corrected", number(paired_q[m - 1])}};
  }
  return json;
}

}  // namespace stx::dcavae
