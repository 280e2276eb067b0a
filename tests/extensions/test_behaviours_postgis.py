"""What PostGIS really does with coordinates."""


def test_texts_of_shapes_round_coordinates(sql):
    sql("CREATE EXTENSION postgis")
    shown = "ST_AsText(g), ST_AsEWKT(g), to_json(g)::text, ST_AsEWKT(g, 400)"
    (row,) = sql(f"SELECT {shown} FROM (SELECT ST_MakePoint(1.2345678901234566e-7, 0) AS g) AS t")
    assert row[:2] == ("POINT(0.000000123456789 0)",) * 2
    assert "[0.000000123456789,0]" in row[2]
    assert row[3] == "POINT(0.00000012345678901234566 0)"
