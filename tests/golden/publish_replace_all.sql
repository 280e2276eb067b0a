BEGIN TRANSACTION;
TRUNCATE TABLE `my-project.shop.orders`;
INSERT INTO `my-project.shop.orders` (`id`, `name`, `updated_at`)
SELECT `id`, `name`, `updated_at`
FROM `my-project.shop._sync_staging_20250722t150000_3f9a0c1d`;
COMMIT TRANSACTION;
