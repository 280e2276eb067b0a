IF NOT EXISTS (SELECT 1 FROM `my-project.shop.INFORMATION_SCHEMA.TABLES` WHERE table_name = "_sync_old_20250722t150000_3f9a0c1d") THEN
CREATE OR REPLACE TABLE `my-project.shop._sync_new_20250722t150000_3f9a0c1d` (
  `id` INT64 OPTIONS (description="the order's number"),
  `amount` NUMERIC,
  `tags` JSON,
  `extra` JSON OPTIONS (description="it's «free» text"),
  `updated_at` TIMESTAMP
)
PARTITION BY TIMESTAMP_TRUNC(`updated_at`, DAY)
CLUSTER BY `id`
OPTIONS (labels=[("sync_source", "563e559eb31bde956d84487a61bc1bcf")])
AS SELECT `id`, `amount`, PARSE_JSON(`tags`, wide_number_mode=>'round') AS `tags`, PARSE_JSON(`extra`, wide_number_mode=>'round') AS `extra`, `updated_at`
FROM `my-project.shop._sync_staging_20250722t150000_3f9a0c1d`;
ALTER TABLE `my-project.shop.orders` RENAME TO `_sync_old_20250722t150000_3f9a0c1d`;
END IF;
ALTER TABLE IF EXISTS `my-project.shop._sync_new_20250722t150000_3f9a0c1d` RENAME TO `orders`;
DROP TABLE IF EXISTS `my-project.shop._sync_old_20250722t150000_3f9a0c1d`
