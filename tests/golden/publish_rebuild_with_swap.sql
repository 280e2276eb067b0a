CREATE OR REPLACE TABLE `my-project.shop.orders__new` (
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
DROP TABLE IF EXISTS `my-project.shop.orders__old`;
ALTER TABLE `my-project.shop.orders` RENAME TO `orders__old`;
ALTER TABLE `my-project.shop.orders__new` RENAME TO `orders`;
DROP TABLE `my-project.shop.orders__old`
