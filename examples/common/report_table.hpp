// A table of words and numbers with a section of its own.
#pragma once

#include <string>

#include "report_extra_data.hpp"
#include "report_html.hpp"

namespace stx::detail {

inline std::string table_section(const ReportTable& table) {
  std::string html = "<section id=\"" + escape_html(table.id) + "\"><h2>" + escape_html(table.title) +
                     "</h2>\n<p class=\"lead\">" + escape_html(table.lead) +
                     "</p>\n<div class=\"scroll\"><table><thead><tr>";
  for (const std::string& column : table.columns) html += "<th scope=\"col\">" + escape_html(column) + "</th>";
  html += "</tr></thead><tbody>\n";
  for (std::size_t r = 0; r < table.rows.size(); ++r) {
    const std::vector<std::string>& row = table.rows[r];
    require(row.size() == table.columns.size(), "report", "row ", r, " of the table '", table.title, "' has ",
            row.size(), " cells for ", table.columns.size(), " columns");
    html += table.model_first && r == 0 ? "<tr class=\"model\">" : "<tr>";
    for (std::size_t c = 0; c < row.size(); ++c)
      html += (c == 0 ? "<th scope=\"row\">" : "<td>") + escape_html(row[c]) + (c == 0 ? "</th>" : "</td>");
    html += "</tr>\n";
  }
  return html + "</tbody></table></div></section>\n";
}

}  // namespace stx::detail
