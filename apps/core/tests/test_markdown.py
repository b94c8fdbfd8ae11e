from apps.core.web.markdown import as_html


class TestMarkdown:
    def test_keeps_its_headings_below_those_of_the_page(self):
        html = as_html("# Card\n\n## Data\n\n###### Detail")

        assert html == "<h3>Card</h3>\n<h4>Data</h4>\n<h6>Detail</h6>\n"

    def test_shows_html_as_text(self):
        assert "<script>" not in as_html("<script>alert(1)</script>")

    def test_leaves_images_out(self):
        assert "<img" not in as_html("![who](https://elsewhere.example/pixel.png)")
