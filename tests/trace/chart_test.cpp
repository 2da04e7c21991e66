// Where the report's charts put what they are given.
#include "tests/support/catch.hpp"
#include "tests/trace/svg_elements.hpp"

#include "tools/trace/report/svg_charts.hpp"

#include <cmath>

using namespace syngrad::tools;
using namespace syngrad::test;

namespace {

constexpr double tenth = 0.101; // coordinates are written with one decimal

chart_frame frame(double width = 400) {
  return {{"it", "A title", "What to look for"}, width};
}

double end_of(const svg_element& rect) {
  return rect.number("x") + rect.number("width");
}

} // namespace

TEST_CASE("an axis puts values in proportion, or their logarithms, and keeps what is outside at its edge") {
  const axis linear{0, 10, 100, 200};
  REQUIRE(linear.at(0) == 100);
  REQUIRE(linear.at(2.5) == 125);
  REQUIRE(linear.at(11) == 200);
  const axis powers{1, 1000, 0, 300, true};
  REQUIRE(powers.at(10) == Approx(100));
  REQUIRE(powers.at(100) == Approx(200));
  REQUIRE(powers.at(0) == 0);
  REQUIRE(axis{5, 5, 0, 300}.at(5) == 0);
}

TEST_CASE("ticks are at round values, no more than asked for") {
  REQUIRE(round_ticks(0, 1, 6) == std::vector<double>{0, 0.2, 0.4, 0.6000000000000001, 0.8, 1});
  REQUIRE(round_ticks(-1, 1, 5) == std::vector<double>{-1, -0.5, 0, 0.5, 1});
  REQUIRE(round_ticks(0, 2400, 4) == std::vector<double>{0, 1000, 2000});
  REQUIRE(round_ticks(7, 7, 4) == std::vector<double>{7});
  REQUIRE(power_ticks(100, 1e6, 10) == std::vector<double>{100, 1e3, 1e4, 1e5, 1e6});
  REQUIRE(power_ticks(100, 1e6, 3) == std::vector<double>{100, 1e4, 1e6});
  REQUIRE(round_up(0.61) == Approx(0.8));
  REQUIRE(round_up(4000) == 4000);
  REQUIRE(round_up(0) == 1);
}

TEST_CASE("amounts have three digits and a unit that suits") {
  REQUIRE(show_nanoseconds(0) == "0");
  REQUIRE(show_nanoseconds(950) == "950 ns");
  REQUIRE(show_nanoseconds(1500) == "1.5 µs");
  REQUIRE(show_nanoseconds(999'999) == "1 ms");
  REQUIRE(show_nanoseconds(-2.5e9) == "-2.5 s");
  REQUIRE(show_bytes(1536) == "1.5 KiB");
  REQUIRE(show_bytes(262'144'000) == "250 MiB");
  REQUIRE(show_share(0.25) == "25 %");
  REQUIRE(show_number(12345) == "12,345");
  REQUIRE(show_number(std::nan("")) == "-");
}

TEST_CASE("stacked bars are as long as their parts, end to end, and full ones reach the axis' end") {
  stacked_bars chart;
  chart.series = {{"busy", "busy"}, {"idle", "idle"}};
  chart.bars = {{"a", {0.5, 0.25}, ""}, {"b", {1, 0}, ""}, {"c", {0, std::nan("")}, ""}};
  chart.full = 1;
  chart.x = {"share", show_share};
  const auto svg = draw(chart, frame());
  const auto busy = elements_of(svg, "rect", "busy"), idle = elements_of(svg, "rect", "idle");
  REQUIRE(busy.size() == 2); // nothing for parts of 0 or NaN
  REQUIRE(idle.size() == 1);
  REQUIRE(busy[0].number("width") == Approx(2 * idle[0].number("width")).margin(2 * tenth));
  REQUIRE(busy[1].number("width") == Approx(2 * busy[0].number("width")).margin(2 * tenth));
  REQUIRE(idle[0].number("x") == Approx(end_of(busy[0])).margin(1e-9));
  REQUIRE(end_of(busy[1]) == Approx(400 - right_margin).margin(tenth));
  REQUIRE(busy[1].number("y") - busy[0].number("y") == Approx(26));
}

TEST_CASE("an axis without a given end is a round number above the longest bar") {
  stacked_bars chart;
  chart.series = {{"all", "busy"}, {"more", "idle"}};
  chart.bars = {{"a", {3, 2.3}, ""}};
  REQUIRE(axis_end(chart) == 6);
}

TEST_CASE("a strip's strengths follow its values; equal neighbours are one rectangle, and NaN is none") {
  heat_strips chart;
  chart.strips = {{"a", {0, 1, 1, 0.5, NAN}, "50 %"}};
  const auto svg = draw(chart, frame());
  const auto track = elements_of(svg, "rect", "track"), heat = elements_of(svg, "rect", "heat");
  REQUIRE(track.size() == 1);
  REQUIRE(heat.size() == 2);
  const auto bucket = track[0].number("width") / 5;
  REQUIRE(heat[0].number("width") == Approx(2 * bucket).margin(tenth));
  REQUIRE(heat[0].number("x") == Approx(track[0].number("x") + bucket).margin(tenth));
  REQUIRE(heat[0].number("fill-opacity") == 1);
  REQUIRE(heat[1].number("fill-opacity") == 0.5);
  REQUIRE(heat[1].number("x") == Approx(end_of(heat[0])).margin(1e-9));
}

TEST_CASE(
  "a line has its points at the middle of buckets, is interrupted where values are missing, and ends in a dot") {
  line_chart chart;
  chart.lines = {{{"a", "series-0"}, {0, 1, NAN, 0.5}}};
  const auto svg = draw(chart, frame());
  const auto lines = elements_of(svg, "polyline", "series-0");
  const auto dots = elements_of(svg, "circle", "series-0");
  REQUIRE(lines.size() == 1);
  REQUIRE(dots.size() == 1);
  const auto base = elements_of(svg, "line", "base").front();
  const auto left = base.number("x1"), bucket = (base.number("x2") - left) / 4, bottom = base.number("y1");
  double x1 = 0, y1 = 0, x2 = 0, y2 = 0;
  REQUIRE(std::sscanf(lines[0].attributes.at("points").c_str(), "%lf,%lf %lf,%lf", &x1, &y1, &x2, &y2) == 4);
  REQUIRE(x1 == Approx(left + bucket / 2).margin(tenth));
  REQUIRE(x2 == Approx(left + bucket * 1.5).margin(tenth));
  REQUIRE(y1 == Approx(bottom).margin(tenth)); // 0 is at the bottom
  REQUIRE(y2 == Approx(bottom - 200).margin(tenth));
  REQUIRE(dots[0].number("cx") == Approx(left + bucket * 3.5).margin(tenth));
  REQUIRE(dots[0].number("cy") == Approx(bottom - 100).margin(tenth));
}

TEST_CASE("columns stand on the base line, their parts on each other") {
  stacked_columns chart;
  chart.series = {{"low", "series-0"}, {"high", "series-7"}};
  chart.columns = {{"0", {4, 0}}, {"1", {1, 2}}};
  const auto svg = draw(chart, frame());
  const auto low = elements_of(svg, "rect", "series-0"), high = elements_of(svg, "rect", "series-7");
  REQUIRE(low.size() == 2);
  REQUIRE(high.size() == 1);
  const auto base = elements_of(svg, "line", "base").front().number("y1");
  REQUIRE(low[0].number("y") + low[0].number("height") == Approx(base).margin(tenth));
  REQUIRE(low[0].number("height") == Approx(200).margin(tenth)); // 4 of 4
  REQUIRE(low[1].number("height") == Approx(50).margin(tenth));
  REQUIRE(high[0].number("height") == Approx(100).margin(tenth));
  REQUIRE(high[0].number("y") + high[0].number("height") == Approx(low[1].number("y")).margin(tenth));
  REQUIRE(low[1].number("x") > end_of(low[0]));
}

TEST_CASE("ranges lie on a logarithmic axis of whole powers of ten, from the median to each quantile") {
  range_chart chart;
  chart.series = {{"queue", "queue"}};
  chart.rows = {{"a", {{0, {1e3, 1e4, 1e5, 1e6}}}}};
  chart.x.show = show_nanoseconds;
  const auto svg = draw(chart, frame());
  const auto base = elements_of(svg, "line", "base").front();
  const auto left = base.number("x1"), third = (base.number("x2") - left) / 3;
  REQUIRE(elements_of(svg, "circle", "median").at(0).number("cx") == Approx(left).margin(tenth));
  REQUIRE(elements_of(svg, "line", "thick").at(0).number("x2") == Approx(left + third).margin(tenth));
  REQUIRE(elements_of(svg, "line", "thin").at(0).number("x2") == Approx(left + 2 * third).margin(tenth));
  REQUIRE(elements_of(svg, "line", "hair").at(0).number("x2") == Approx(left + 3 * third).margin(tenth));
}

TEST_CASE("a matrix has a cell for each pair, shaded by the logarithm of its value") {
  matrix_chart chart;
  chart.names = {"a", "b"};
  chart.values = {{0, 100}, {1, 10}};
  const auto svg = draw(chart, frame());
  REQUIRE(elements_of(svg, "rect", "track").size() == 1);
  const auto cells = elements_of(svg, "rect", "heat");
  REQUIRE(cells.size() == 3);
  REQUIRE(cells[0].number("fill-opacity") == 1);
  REQUIRE(cells[1].number("fill-opacity") == 0.22);
  REQUIRE(cells[2].number("fill-opacity") == 0.61);
  REQUIRE(cells[0].number("x") - cells[1].number("x") == Approx(72)); // column b, column a
  REQUIRE(cells[1].number("y") - cells[0].number("y") == Approx(26));
  REQUIRE(shade_of(7, 7, 7) == 1);
}

TEST_CASE("every chart is an image with a title and a description, and stays within its width") {
  stacked_bars chart;
  chart.series = {{"s", "busy"}};
  chart.bars = {{std::string(80, 'x'), {1}, "a note of some length"}};
  for (const double width : {366.0, 950.0}) {
    const auto svg = draw(chart, frame(width));
    const auto root = elements_of(svg, "svg").at(0);
    REQUIRE(root.attributes.at("role") == "img");
    REQUIRE(root.attributes.at("aria-labelledby") == "it-title it-desc");
    REQUIRE(elements_of(svg, "title").at(0).content == "A title");
    REQUIRE(elements_of(svg, "desc").at(0).content == "What to look for");
    for (const auto& rect : elements_of(svg, "rect")) REQUIRE(end_of(rect) <= width);
    REQUIRE(elements_of(svg, "rect").at(0).number("x") <= width / 2 + tenth); // the long name is cut
    REQUIRE(svg.find("x…</text>") != std::string::npos);
  }
}

TEST_CASE("the names of links are shown as a whole where a figure is as wide as the page") {
  stacked_bars chart;
  chart.series = {{"s", "busy"}};
  chart.bars = {{"link this node -> the coordinator (node 10)", {1}, ""}};
  REQUIRE(draw(chart, frame(950)).find("link this node -&gt; the coordinator (node 10)</text>") != std::string::npos);
}

TEST_CASE("names are text in a picture, whatever they hold") {
  REQUIRE(escape_markup("<b a=\"1\">&'") == "&lt;b a=&quot;1&quot;&gt;&amp;'");
  REQUIRE(escape_markup(std::string("a\0b\x1b[1m\xff\xc3", 9)) == "a\uFFFDb\uFFFD[1m\uFFFD\uFFFD");
  REQUIRE(escape_markup("µ, 漢, 😀") == "µ, 漢, 😀");
  heat_strips chart;
  chart.strips = {{"<script>", {1}, "\"&"}};
  const auto svg = draw(chart, frame());
  REQUIRE(svg.find("<script>") == std::string::npos);
  REQUIRE(svg.find("&lt;script&gt;") != std::string::npos);
  REQUIRE(svg.find("&quot;&amp;") != std::string::npos);
}

TEST_CASE("series that have an order go from the coldest to the warmest class") {
  REQUIRE(series_class(0, 3) == "series-0");
  REQUIRE(series_class(1, 3) == "series-3");
  REQUIRE(series_class(2, 3) == "series-7");
  REQUIRE(series_class(0, 1) == "series-1");
  REQUIRE(series_class(39, 40) == "series-7");
}
