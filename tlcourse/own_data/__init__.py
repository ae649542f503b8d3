"""Your own data: looked at before anyone trains on them, read right, or refused with the way out."""

from tlcourse.own_data.check_pictures import check_pictures
from tlcourse.own_data.check_texts import check_texts
from tlcourse.own_data.found import Report
from tlcourse.own_data.picture_tables import PictureTable, check_picture_table, read_picture_table
from tlcourse.own_data.reading import Pictures, read_parts, read_pictures
from tlcourse.own_data.tables import Row, read_table
from tlcourse.own_data.texts import read_texts, write_texts

__all__ = [
    "PictureTable",
    "Pictures",
    "Report",
    "Row",
    "check_picture_table",
    "check_pictures",
    "check_texts",
    "read_parts",
    "read_picture_table",
    "read_pictures",
    "read_table",
    "read_texts",
    "write_texts",
]
