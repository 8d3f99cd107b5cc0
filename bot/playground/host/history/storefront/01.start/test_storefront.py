import unittest

import storefront


class Price(unittest.TestCase):
    def test_a_basket_costs_its_items_and_the_tax(self):
        self.assertEqual(storefront.price([("tea", 1000), ("cup", 500)], "DE"), 1785)

    def test_an_empty_basket_costs_nothing(self):
        self.assertEqual(storefront.price([], "DE"), 0)


if __name__ == "__main__":
    unittest.main()
