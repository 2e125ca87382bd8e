#include "stx/core/shape.hpp"

#include <doctest/doctest.h>

#include "stx/core/tensor.hpp"

using stx::Shape;

TEST_CASE("extents, size, rows and columns") {
  const Shape s{2, 3, 4};
  CHECK(s.rank() == 3);
  CHECK(s[1] == 3);
  CHECK(s.size() == 24);
  CHECK(s.rows() == 6);
  CHECK(s.cols() == 4);
  CHECK(s.str() == "(2, 3, 4)");
  CHECK(Shape{5}.rows() == 1);
  CHECK(Shape{5}.cols() == 5);
  CHECK(Shape{3, 0}.size() == 0);
  CHECK(Shape{3, 0}.rows() == 3);
  CHECK(Shape{}.size() == 1);
  CHECK(Shape{}.cols() == 1);
  CHECK(Shape{}.str() == "()");
}

TEST_CASE("equal shapes have equal rank and extents") {
  CHECK(Shape{2, 3} == Shape{2, 3});
  CHECK_FALSE(Shape{2, 3} == Shape{3, 2});
  CHECK_FALSE(Shape{2} == Shape{2, 1});
  CHECK(Shape{} == Shape{});
}

TEST_CASE("impossible shapes are errors") {
  CHECK_THROWS_WITH_AS(Shape({1, 2, 3, 4, 5}), "[Shape] at most 4 dimensions, got 5", stx::ArgumentError);
  CHECK_THROWS_WITH_AS(Shape({2, -1}), "[Shape] extents must not be negative, got -1", stx::ArgumentError);
}

TEST_CASE("rows of a tensor") {
  float values[6] = {};
  const stx::Tensor<float, stx::Cpu> t{values, Shape{3, 2}};
  const auto part = t.row_range(1, 2);
  CHECK(part.data == values + 2);
  CHECK(part.shape == Shape{2, 2});
  CHECK(t.row_range(3, 0).size() == 0);
  CHECK_THROWS_WITH_AS(t.row_range(2, 2), "[Tensor::row_range] rows [2, 4) are not inside shape (3, 2)",
                       stx::ArgumentError);
  CHECK_THROWS_AS(t.row_range(-1, 1), stx::ArgumentError);
  CHECK_FALSE(static_cast<bool>(stx::Tensor<float, stx::Cpu>{}));
}
