ALTER TABLE `my-project.shop.orders` ADD COLUMN IF NOT EXISTS `extra` JSON;
INSERT INTO `my-project.shop.orders` (`id`, `amount`, `tags`, `extra`, `updated_at`)
SELECT `id`, `amount`, PARSE_JSON(`tags`, wide_number_mode=>'exact') AS `tags`, PARSE_JSON(`extra`, wide_number_mode=>'exact') AS `extra`, `updated_at`
FROM `my-project.shop._sync_staging_20250722t150000_3f9a0c1d`
