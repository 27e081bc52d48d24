"""Critics: networks that tell true from made images, and only training needs."""
